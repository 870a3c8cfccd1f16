"""The parts of a network after or before a layer, as ONNX graphs."""
