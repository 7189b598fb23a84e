"""Optional packages: imported when they are asked for, and one wording where they are missing."""

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
"""Import name -> what pip calls it, where the two differ."""


def require(extra: str, module: str, *, what: str) -> Any:
    """Import a module that an extra of fer-edge brings.

    Args:
        extra: As `mqtt` of `fer-edge[mqtt]`.
        module: As `paho.mqtt.client`.
        what: What needs it, as `--mqtt`.

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
        extra: The extra of fer-edge that brings it.
        module: Its import name, or the name of its package.
        what: What needs it.
        otherwise: What to do instead of installing it, as "leave it out".
    """
    top = module.partition(".")[0]
    line = f"{what} needs {_PACKAGES.get(top, top)}, which is not installed; run: {install(extra)}"
    return MissingExtraError(f"{line}, or {otherwise}" if otherwise else line)


def install(extra: str) -> str:
    """Return the command that installs an extra."""
    return f"pip install 'fer-edge[{extra}]'"
