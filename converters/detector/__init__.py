"""YuNet's ONNX file to `.tflite` files of ours, checked face by face against OpenCV."""
