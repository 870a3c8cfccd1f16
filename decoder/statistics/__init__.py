"""Measures, chance levels, intervals and permutation tests: arrays in, numbers out."""
