"""Where decisions go, and the raw stream on disk."""
