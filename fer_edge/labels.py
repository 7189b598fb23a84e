"""The expressions, in output order. Written once; every model file carries its own copy."""

FER2013 = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""FER2013's classes in the order of its `emotion` column, 0 to 6."""

FERPLUS = (
    *("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"),
    *("unknown", "not a face"),
)
"""FER+'s ten columns of votes, in its own order (Barsoum et al. 2016, arXiv:1608.01041)."""
