"""Parity: with the same bundle and samples, live and offline decisions are equal."""
