"""The bundled models, and model names."""

import os
from pathlib import Path

from fer_edge.errors import ConfigError, ModelError

DEFAULT_MODEL = "compact"


def bundled_models() -> dict[str, Path]:
    """Return the bundled model files by name.

    Raises:
        ModelError: The installation has none.
    """
    return bundled_files(Path(__file__).with_name("files"))


def bundled_files(folder: Path) -> dict[str, Path]:
    """Return the .tflite files of a folder of this package by name.

    Raises:
        ModelError: There are none.
    """
    paths = sorted(folder.glob("*.tflite"), key=lambda path: path.stem)
    if not paths:
        raise ModelError(
            f"{folder} has no model files: fer-edge is not installed completely, or runs from a "
            "wheel or zip file; run: pip install fer-edge"
        )
    return {path.stem: path for path in paths}


def find_model(name_or_path: str) -> Path:
    """Return the path for a bundled model's name or a path.

    Raises:
        ModelError: It is neither.
        ConfigError: It is empty, which is often an unset variable of a shell.
    """
    if not name_or_path:
        raise ConfigError("the model is empty; expected a name or a file")
    path = Path(name_or_path)
    # os.path: pathlib raises an error in a current folder that this user cannot enter
    if path.suffix or os.path.exists(path):  # noqa: PTH110
        return path
    models = bundled_models()
    if name_or_path in models:
        return models[name_or_path]
    raise ModelError(
        f"model '{name_or_path}' is neither a file nor bundled; bundled: {', '.join(models)}"
    )
