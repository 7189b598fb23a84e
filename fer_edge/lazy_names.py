"""Package attributes that are loaded on first use (PEP 562).

Type checkers read the imports under `TYPE_CHECKING` instead.
"""

from __future__ import annotations  # older Pythons read this file before the error

import sys
from collections.abc import Callable, Mapping


def lazy_names(
    package: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return a package's `__getattr__` and `__dir__`.

    Args:
        package: `__name__` of the package.
        homes: Name -> the module that defines it, absolute or relative to the package.
    """

    def get(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        import importlib

        value = getattr(importlib.import_module(homes[name], package), name)
        setattr(sys.modules[package], name, value)  # requested only once
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes})

    return get, names
