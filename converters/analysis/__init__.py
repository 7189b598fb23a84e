"""Where quantization loses accuracy: errors by layer, and advice."""
