"""Readers of words and their times."""
