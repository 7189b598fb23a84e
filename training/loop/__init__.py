"""Epochs, float and quantization-aware, and what a step of them is made of."""
