"""From pictures to a trained Keras model. Needs the extra `fer-edge[train]`."""
