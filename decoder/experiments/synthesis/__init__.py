"""Synthesis: pictures that drive recorded sites as an encoder predicts, and judges of them."""
