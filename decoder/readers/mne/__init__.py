"""Recordings from MNE-Python: its files, its objects, and back."""
