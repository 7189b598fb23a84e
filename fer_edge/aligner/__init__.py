"""The face aligner: how a face lies in its detector's box, and its file."""
