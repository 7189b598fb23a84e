"""From a picture, video or camera to expressions. Light: what a Raspberry Pi installs.

Its public names are those of `fer_edge` itself, `Recognizer` first of all.
"""
