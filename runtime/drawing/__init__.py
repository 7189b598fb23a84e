"""Pictures with what was read drawn on them, or with the faces covered."""
