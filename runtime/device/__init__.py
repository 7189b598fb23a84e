"""The machine that this runs on: what it has, its temperature, its clock."""
