"""Where quantization loses accuracy: errors of each layer, and advice."""
