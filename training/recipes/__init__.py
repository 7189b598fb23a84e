"""Recipes: `Recipe` with all settings of a run, and the bundled TOML files."""
