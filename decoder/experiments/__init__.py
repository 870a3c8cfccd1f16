"""Experiments beyond one evaluation: how each runs, and its results."""
