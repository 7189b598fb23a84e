"""Imports of optional packages, with one message for missing ones."""

import importlib
import traceback
from typing import Any

from fer_edge.errors import MissingExtraError

_PACKAGES = {
    "PIL": "pillow",
    "ai_edge_quantizer": "ai-edge-quantizer",
    "cv2": "opencv-python-headless",
    "paho": "paho-mqtt",
    "pillow_heif": "pillow-heif",
    "prometheus_client": "prometheus-client",
    "tflite_micro": "tflite-micro",
    "tomli_w": "tomli-w",
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


def blamed_package(error: ImportError) -> str:
    """Return the import name of the package that could not be imported.

    The name in the error is missing if a package raised it itself, or if its library needs another
    one (`libGL.so.1: cannot open shared object file`): then it is the package that raised it.
    """
    if error.name:
        return error.name.partition(".")[0]
    places = [
        frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__)
    ]
    packages = [name.partition(".")[0] for name in places]
    others = [name for name in packages if name not in ("", "__main__", "fer_edge", "importlib")]
    return others[-1] if others else "fer_edge"


def broken_installation(error: ImportError) -> str:
    """Describe in one line why a package that fer-edge needs cannot be imported."""
    package = blamed_package(error)
    name = _PACKAGES.get(package, package)
    if isinstance(error, ModuleNotFoundError):
        return f"fer-edge needs {name}, which is not installed; run: pip install fer-edge"
    reason = (str(error).strip().splitlines() or ["no reason given"])[0]
    return (
        f"{name} is installed, but cannot be imported: {reason}; fer-edge doctor shows what is "
        "wrong with this installation"
    )


def install(extra: str) -> str:
    """Return the command that installs an extra."""
    return f"pip install 'fer-edge[{extra}]'"
