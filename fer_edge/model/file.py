"""A model is one file: a TFLite flatbuffer with a ZIP archive behind it.

The archive holds `labels.txt` and the card, `fer_edge.json`: the TensorFlow Lite Metadata
convention for associated files. TFLite interpreters ignore what follows the flatbuffer; any unzip
tool reads it. The card's sha256 is that of the flatbuffer part, and a file that does not match is
refused before an interpreter sees it.
"""

import hashlib
import io
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

from fer_edge.errors import ModelError
from fer_edge.files import UNREADABLE_ARCHIVE, whole_file
from fer_edge.model.card import ModelCard, card_from_json, card_to_json

CARD = "fer_edge.json"
LABELS = "labels.txt"

_FLATBUFFER_MAGIC = b"TFL3"  # at byte 4, the schema's file identifier
_KERAS_MAGICS = {b"PK\x03\x04": "a Keras file (.keras)", b"\x89HDF": "an HDF5 file (.h5)"}


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model file that was read and found whole.

    Attributes:
        path: Where it came from.
        flatbuffer: The TFLite model itself, what an interpreter is given.
        card: What it says of itself.
        size_bytes: Of the whole file.
    """

    path: Path
    flatbuffer: bytes
    card: ModelCard
    size_bytes: int


def read_model(path: Path) -> ModelFile:
    """Read a model file and check that it is whole and unaltered.

    Raises:
        ModelError: The file is missing, is not TFLite, has no card, or its digest differs.
    """
    data = read_flatbuffer_file(path)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            start = min((item.header_offset for item in archive.infolist()), default=len(data))
            card_text = archive.read(CARD).decode("utf-8")
            labels = tuple(archive.read(LABELS).decode("utf-8").splitlines())
    except KeyError as error:
        raise ModelError(f"{path} has no card: {error}; make it with: fer-edge convert") from error
    except UNREADABLE_ARCHIVE as error:
        if CARD.encode() in data:
            raise ModelError(
                f"{path} is cut short or damaged: the card in it cannot be read; copy it again"
            ) from error
        raise ModelError(
            f"{path} has no card, so its labels and crop are unknown; make it with: "
            "fer-edge convert (if it had one, the file is cut short: copy it again)"
        ) from error
    flatbuffer = data[:start]
    try:
        card = card_from_json(card_text)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    digest = hashlib.sha256(flatbuffer).hexdigest()
    if digest != card.sha256:
        raise ModelError(
            f"{path} was altered or damaged: sha256 of the model is {digest[:12]}..., "
            f"the card says {card.sha256[:12]}...; copy or convert it again"
        )
    if labels != card.labels:
        raise ModelError(
            f"{path} contradicts itself: labels.txt has {', '.join(labels)}; the card has "
            f"{', '.join(card.labels)}; convert it again"
        )
    return ModelFile(path=path, flatbuffer=flatbuffer, card=card, size_bytes=len(data))


def read_flatbuffer_file(path: Path) -> bytes:
    """Read the bytes of a `.tflite` file, with or without a card.

    Raises:
        ModelError: The file is missing or not TFLite.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"model {path} cannot be read: {error.strerror}; "
            "name a .tflite file, or a bundled model (see: fer-edge models)"
        ) from error
    if data[4:8] != _FLATBUFFER_MAGIC:
        kind = _KERAS_MAGICS.get(data[:4])
        if kind:
            raise ModelError(f"{path} is {kind}, wanted .tflite; convert its run: fer-edge convert")
        raise ModelError(f"{path} is not a TFLite model (no {_FLATBUFFER_MAGIC.decode()} mark)")
    return data


def pack_model(flatbuffer: bytes, card: ModelCard) -> bytes:
    """Put a card behind a flatbuffer; the card's sha256 is set here.

    The same input gives the same bytes: the archive is stored, with a fixed time.
    """
    card = replace(card, sha256=hashlib.sha256(flatbuffer).hexdigest())
    buffer = io.BytesIO(flatbuffer)
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_STORED) as archive:
        for name, text in (
            (LABELS, "".join(f"{label}\n" for label in card.labels)),
            (CARD, card_to_json(card)),
        ):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text.encode("utf-8"))
    return buffer.getvalue()


def write_model(path: Path, flatbuffer: bytes, card: ModelCard) -> None:
    """Write a model file, whole or not at all.

    Raises:
        OutputError: The place cannot be written.
    """
    with whole_file(path) as temporary:
        temporary.write_bytes(pack_model(flatbuffer, card))
