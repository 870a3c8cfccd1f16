"""Live sources and the engine loop."""
