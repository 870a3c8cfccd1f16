"""Other linear maps: banded, delayed and recursive ridge, reduced rank, partial least squares."""
