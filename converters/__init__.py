"""From a Keras model to `.tflite` files beside their scores. Needs `fer-edge[train]`."""
