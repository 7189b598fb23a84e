"""`fer-edge sweep`: many short trainings, to find what a recipe should say."""
