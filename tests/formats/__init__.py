"""Files as each release wrote them: later ones still read them."""
