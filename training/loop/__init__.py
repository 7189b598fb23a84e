"""The epochs of the float and the quantization-aware stage, and their training steps."""
