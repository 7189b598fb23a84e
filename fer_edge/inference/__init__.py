"""The one door to a `.tflite` network: interpreter, delegate, input tensor."""
