"""`python -m fer_edge` is `fer-edge`."""

from fer_edge.cli.main import main

main(prog_name="fer-edge")
