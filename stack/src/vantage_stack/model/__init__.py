"""The detector's model: NanoDet-g, as published for TensorFlow.js, converted to self-contained ONNX files."""
