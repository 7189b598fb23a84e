"""Imports of optional packages, with one message for missing ones."""

import importlib
from typing import Any

from fer_edge.errors import MissingExtraError

_PACKAGES = {
    "ai_edge_quantizer": "ai-edge-quantizer",
    "paho": "paho-mqtt",
    "pillow_heif": "pillow-heif",
    "prometheus_client": "prometheus-client",
    "tflite_micro": "tflite-micro",
}
"""Import name -> pip name, if they differ."""


def require(extra: str, module: str, *, what: str) -> Any:
    """Import a module of an extra of fer-edge.

    Args:
        extra: Name of the extra, such as `mqtt` for `fer-edge[mqtt]`.
        module: Module name, such as `paho.mqtt.client`.
        what: Feature that needs it, such as `--mqtt`.

    Raises:
        MissingExtraError: It, or a module that it needs, is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise missing(extra, error.name or module, what=what) from error


def missing(extra: str, module: str, *, what: str, otherwise: str = "") -> MissingExtraError:
    """Return the error for a module that is not installed.

    Args:
        extra: Name of the extra of fer-edge.
        module: Import name, or the name of its package.
        what: Feature that needs it.
        otherwise: Alternative to installing it, such as "leave it out".
    """
    top = module.partition(".")[0]
    line = f"{what} needs {_PACKAGES.get(top, top)}, which is not installed; run: {install(extra)}"
    return MissingExtraError(f"{line}, or {otherwise}" if otherwise else line)


def install(extra: str) -> str:
    """Return the command that installs an extra."""
    return f"pip install 'fer-edge[{extra}]'"
