"""The bundled models, and model names."""

from pathlib import Path

from fer_edge.errors import ModelError

DEFAULT_MODEL = "compact"


def bundled_models() -> dict[str, Path]:
    """Return the bundled model files by name."""
    folder = Path(__file__).with_name("files")
    return {path.stem: path for path in sorted(folder.glob("*.tflite"), key=lambda path: path.stem)}


def find_model(name_or_path: str) -> Path:
    """Return the path for a bundled model's name or a path.

    Raises:
        ModelError: It is neither.
    """
    path = Path(name_or_path)
    if path.suffix or path.exists():
        return path
    models = bundled_models()
    if name_or_path in models:
        return models[name_or_path]
    raise ModelError(
        f"model '{name_or_path}' is neither a file nor bundled; bundled: {', '.join(models)}"
    )
