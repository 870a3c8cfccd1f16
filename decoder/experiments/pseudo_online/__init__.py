"""Pseudo-online evaluation: what a decoder would have decided on a recording while it was being made."""
