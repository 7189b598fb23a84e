"""Files for an Edge TPU and for microcontrollers."""
