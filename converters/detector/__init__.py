"""Conversion of YuNet from ONNX to `.tflite`, compared with OpenCV face by face."""
