"""`fer-edge sweep`: many short trainings that search for the best recipe."""
