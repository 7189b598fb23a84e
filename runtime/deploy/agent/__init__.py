"""What runs on the device: sent over ssh's standard input, so that nothing is installed first.

These modules import the standard library and each other only, and avoid syntax newer than Python
3.7: a device whose Python is too old must get far enough to say so. `source.py`, a folder above,
names them in the order in which they are sent.
"""
