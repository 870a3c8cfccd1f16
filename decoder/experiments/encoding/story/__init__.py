"""Encoding of a story: what a language model's layer predicts of a recording in time, beyond nuisance and position."""
