"""What follows a layer, or comes before it, as ONNX graphs."""
