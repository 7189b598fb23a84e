"""The program that runs on the device, sent over ssh's standard input without installation.

These modules import only the standard library and each other, and avoid syntax newer than Python
3.7: on a device with a Python that is too old, they must still report that. `source.py`, one folder
above, lists them in the order in which they are sent.
"""
