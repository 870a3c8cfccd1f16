"""Pretrained networks, opened at a layer: record activations up to it, resume behind it."""
