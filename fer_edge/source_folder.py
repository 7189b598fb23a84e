"""One clear error where Python finds a copy of the repository instead of the installed package.

In the repository the stages lie next to `fer_edge`, not in it. A program that runs there, after a
plain `pip install .`, imports this folder, because the current folder comes first on Python's path.
"""

from __future__ import annotations  # older Pythons read this file before the error

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

# os.path: pathlib would slow every import of fer_edge
_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
STAGES = ("fer_edge.training", "fer_edge.converters", "fer_edge.runtime")


class _LastFinder:
    """Looks for modules that no other finder has; an editable installation has its own finder."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname in STAGES:
            raise ModuleNotFoundError(
                f"expected the installed package fer_edge, got the source in {_FOLDER}; change "
                "to another folder, or run there: pip install --editable .",
                name=fullname,
            )
        return None


def explain_missing_stages() -> None:
    """Give imports of a stage from the source folder an error that names the next step.

    An installed package changes nothing in the host process.
    """
    if os.path.isfile(os.path.join(_FOLDER, "pyproject.toml")):  # noqa: PTH113, PTH118
        sys.meta_path.append(_LastFinder())
