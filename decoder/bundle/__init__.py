"""Bundles: a fitted decoder as one sealed file, and what runs it without anything that fitting takes."""
