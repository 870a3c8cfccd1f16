"""Ridge regression into layers of any width."""
