"""Encoding: how well each layer of a network predicts each site of the brain, nested, against its ceiling."""
