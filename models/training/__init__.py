"""Small networks that are trained on the spot."""
