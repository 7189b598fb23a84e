"""Files that each release wrote; later releases must still read them."""
