"""What is to be said of each training face: labels, FER+ votes, teachers."""
