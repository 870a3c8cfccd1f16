"""What lies behind a layer, or up to it, as ONNX graphs."""
