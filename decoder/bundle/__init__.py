"""Bundles: a fitted decoder as one sealed file, and what runs it without the packages that fitting needs."""
