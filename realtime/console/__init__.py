"""The commands for live streams, and their views."""
