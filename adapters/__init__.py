"""Linear maps from brain activity to a layer of a network: arrays in, arrays out."""
