"""Pseudo-online evaluation: what a decoder would have said of a recording while it was being made."""
