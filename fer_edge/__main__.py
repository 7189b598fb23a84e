"""`python -m fer_edge` is `fer-edge`."""

import sys

if sys.version_info < (3, 10):  # noqa: UP036 - from a folder, without pip
    sys.exit(
        "fer-edge: error: expected Python 3.10 or newer, got "
        f"{sys.version.split()[0]} at {sys.executable}"
    )

from fer_edge.cli.program import program

program()
