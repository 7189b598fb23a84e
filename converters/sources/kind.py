"""Identification of the source for `convert`, by content first, then by name."""

import zipfile
from pathlib import Path
from typing import Literal

from fer_edge.errors import ModelError
from fer_edge.files import UNREADABLE_ARCHIVE
from fer_edge.keras_files.config import HDF5_MAGIC
from fer_edge.runfolder import FLOAT_MODEL, INFO, partial

Kind = Literal["run", "keras", "saved_model"]

SAVED_MODEL = "saved_model.pb"
EXPECTED = "a run folder, a .keras or .h5 file, or a SavedModel folder"

_PYTORCH = (
    "is a PyTorch file; export the network with torch.onnx.export, make a SavedModel of the .onnx "
    "file with onnx2tf, and convert that folder"
)
_WAYS = {
    ".onnx": "is an ONNX network; make a SavedModel of it with onnx2tf, and convert that folder",
    ".pt": _PYTORCH,
    ".pth": _PYTORCH,
    ".pkl": "is a Python pickle, which can run any code and is not opened; save the network "
    "from its own framework: Keras with model.save('network.keras'), PyTorch with "
    "torch.onnx.export",
    ".safetensors": "holds weights only, without the network; load them into the network in its "
    "own framework, and save it whole: Keras with model.save('network.keras'), PyTorch with "
    "torch.onnx.export",
    ".pb": "is a frozen graph of TensorFlow 1; save it as a SavedModel folder with one input "
    "and one output, and convert that folder",
    ".json": "describes a network without its weights; convert a TensorFlow.js network to an "
    ".h5 file: tensorflowjs_converter --input_format tfjs_layers_model --output_format "
    "keras",
    ".ckpt": "is a checkpoint, which holds weights only; build the network, load them, and save it "
    "whole with model.save('network.keras')",
    ".tflite": "is already a .tflite file; attach a card instead: fer-edge card attach",
}
_SAME = {
    ".pickle": ".pkl",
    ".joblib": ".pkl",
    ".torchscript": ".pt",
    ".ckpt-0": ".ckpt",
    ".index": ".ckpt",
    ".data-00000-of-00001": ".ckpt",
    ".meta": ".ckpt",
    ".lite": ".tflite",
}


def run_of(path: Path) -> Path:
    """Return the run folder that contains a model.keras, since it has all data for the card.

    The folder has a name, even if the path is "." or "..".
    """
    is_of_run = path.name == FLOAT_MODEL and (path.parent / INFO).exists()
    return named_path(path.parent if is_of_run else path)


def named_path(path: Path) -> Path:
    """Return the absolute path instead of "." or "..", whose last part is not a name."""
    return path.resolve() if path.name in ("", "..") else path


def identify_source(path: Path) -> Kind:
    """Return whether a path is a run folder, a Keras file or a SavedModel folder.

    Raises:
        ModelError: It is something else, or does not exist; the message names the kind and the next
            step.
    """
    if path.is_dir():
        return _identify_folder(path)
    if not path.exists():
        if _is_unfinished(path):
            return "run"  # its reader reports how to finish it
        raise ModelError(f"{path} does not exist; expected {EXPECTED}")
    return _identify_file(path)


def _identify_folder(path: Path) -> Kind:
    if (path / SAVED_MODEL).is_file():
        return "saved_model"
    if (path / INFO).exists() or _is_unfinished(path):
        return "run"
    if (path / "model.json").is_file():
        raise ModelError(f"{path / 'model.json'} {_WAYS['.json']}")
    raise ModelError(
        f"{path} is not a run folder (it has no {INFO}) and not a SavedModel (it has no "
        f"{SAVED_MODEL}); expected {EXPECTED}"
    )


def _is_unfinished(path: Path) -> bool:
    """Return whether a run with this folder has not been completed."""
    whole = named_path(path)  # the root folder has no name
    return bool(whole.name) and partial(whole).is_dir()


def _identify_file(path: Path) -> Kind:
    suffix = path.suffix.lower()
    if path.name == SAVED_MODEL:
        raise ModelError(f"{path} is part of a SavedModel; convert its folder: {path.parent}")
    suffix = _suffix_by_content(path) or _SAME.get(suffix, suffix)
    if suffix in (".keras", ".h5", ".hdf5"):
        return "keras"
    if suffix in _WAYS:
        raise ModelError(f"{path} {_WAYS[suffix]}")
    raise ModelError(f"{path} is not a supported network; expected {EXPECTED}")


def _suffix_by_content(path: Path) -> str:
    """Return the usual suffix for the content of a file; empty if it is unknown."""
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(HDF5_MAGIC):
        return ".h5"
    if start[4:8] == b"TFL3":
        return ".tflite"
    if not start.startswith(b"PK"):
        return ""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except UNREADABLE_ARCHIVE:
        return ""  # a damaged file is identified by its name
    if "config.json" in names:
        return ".keras"
    return ".pt" if any(Path(name).name == "data.pkl" for name in names) else ""
