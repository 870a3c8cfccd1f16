"""A saved decoder as one ONNX graph in standard operators, from samples to probabilities."""
