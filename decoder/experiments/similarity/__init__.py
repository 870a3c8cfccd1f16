"""Similarity: which layers see the same stimuli as alike that a region sees as alike, by dissimilarity matrices."""
