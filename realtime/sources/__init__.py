"""Sources of live samples and markers."""
