"""What a person sees and types: the commands for live streams, and their views."""
