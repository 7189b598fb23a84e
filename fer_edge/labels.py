"""The expressions, in output order. Written once; every model file carries its own copy."""

FER2013 = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""FER2013's classes in the order of its `emotion` column, 0 to 6."""
