"""Pretrained weights: the registry, downloads, and conversion."""
