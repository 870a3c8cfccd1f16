"""Experiments beyond one evaluation: how each runs and what it found."""
