"""Everything that decides a run, as data: `Recipe`, and the TOML files that come with fer-edge."""
