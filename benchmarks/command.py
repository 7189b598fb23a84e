"""Common parts of the benchmarks' commands: options, and one-line errors."""

from pathlib import Path
from typing import Any

import click

from fer_edge.errors import FerEdgeError

PATH = click.Path(path_type=Path)

data_option = click.option("--data", type=PATH, required=True, help="Path of a face set.")
split_option = click.option("--split", default="validation", show_default=True)
models_argument = click.argument("models", nargs=-1, required=True)


class Benchmark(click.Command):
    """A command that prints a `FerEdgeError` as one line, like `fer-edge`."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except FerEdgeError as error:
            raise click.ClickException(" ".join(str(error).split())) from error
