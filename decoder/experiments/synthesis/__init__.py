"""Synthesis: pictures that drive sites as an encoder predicts, or that a layer cannot tell from a photograph."""
