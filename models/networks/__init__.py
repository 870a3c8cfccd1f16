"""Networks opened at a layer, and what they are made of."""
