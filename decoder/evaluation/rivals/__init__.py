"""Classifiers of the field, fitted in the same folds as a decoder: what the way through a network has to match."""
