"""Where live samples and markers come from."""
