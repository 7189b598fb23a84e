"""A face detector is one file: a TFLite flatbuffer with its card behind it."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from fer_edge.detector.card import KIND, DetectorCard, card_from_json, card_to_json
from fer_edge.errors import ModelError
from fer_edge.model.archive import CARD, Origin, origin_of, pack_archive, read_archive

_COMMAND = "fer-edge convert-detector"


@dataclass(frozen=True, slots=True)
class DetectorFile:
    """A detector's file that was read and found whole.

    Attributes:
        path: Where it came from.
        flatbuffer: The TFLite model itself, what an interpreter is given.
        card: What it says of itself.
        size_bytes: Of the whole file.
        origin: Where the flatbuffer comes from.
    """

    path: Path
    flatbuffer: bytes
    card: DetectorCard
    size_bytes: int
    origin: Origin = "memory"


def bundled_detectors() -> dict[str, Path]:
    """Return the detectors that come with fer-edge by name; `yunet` is the default."""
    folder = Path(__file__).with_name("files")
    return {path.stem: path for path in sorted(folder.glob("*.tflite"), key=lambda path: path.stem)}


def read_detector(path: Path) -> DetectorFile:
    """Read a detector's file and check that it is whole and unaltered.

    Raises:
        ModelError: The file is missing, is not TFLite, has no card, is a classifier, or its digest
            differs.
    """
    archive = read_archive(path, command=_COMMAND)
    archive.check_kind(KIND, path, "the bundled detector is used without --detector-model")
    try:
        card = card_from_json(archive.card)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    archive.check_digest(card.sha256, path)
    return DetectorFile(path, archive.flatbuffer, card, archive.size_bytes, origin_of(path))


def pack_detector(flatbuffer: bytes, card: DetectorCard) -> bytes:
    """Put a card behind a flatbuffer; the card's sha256 is set here."""
    card = replace(card, sha256=hashlib.sha256(flatbuffer).hexdigest())
    return pack_archive(flatbuffer, {CARD: card_to_json(card)})
