"""Training of the face aligner, which finds how a face lies in its detector's box.

`python -m fer_edge.training.aligner` is the command.
"""
