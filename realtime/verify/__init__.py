"""Parity: the same bundle and the same samples decide the same live as offline."""
