"""A recipe that trains in seconds."""

QUICK_RECIPE = """
architecture = "four-block"
epochs = 10
batch_size = 8
[augmentation]
shift = 0.05
[qat]
epochs = 1
"""
"""Recipe that trains long enough to classify cartoon faces."""
