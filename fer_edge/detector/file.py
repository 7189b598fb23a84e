"""A face detector in one file: a TFLite flatbuffer followed by its card."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from fer_edge.detector.card import KIND, DetectorCard, card_from_json, card_to_json
from fer_edge.errors import ModelError
from fer_edge.model.archive import CARD, Origin, origin_of, pack_archive, read_archive
from fer_edge.model.bundled import bundled_files

_COMMAND = "fer-edge convert-detector"


@dataclass(frozen=True, slots=True)
class DetectorFile:
    """A detector file that was read and checked.

    Attributes:
        path: Path of the file.
        flatbuffer: The TFLite model itself, for an interpreter.
        card: Card of the detector.
        size_bytes: Size of the whole file.
        origin: Origin of the flatbuffer.
    """

    path: Path
    flatbuffer: bytes
    card: DetectorCard
    size_bytes: int
    origin: Origin = "memory"


def bundled_detectors() -> dict[str, Path]:
    """Return the bundled detectors by name; `yunet` is the default.

    Raises:
        ModelError: The installation has none.
    """
    return bundled_files(Path(__file__).with_name("files"))


def read_detector(path: Path) -> DetectorFile:
    """Read a detector file and check that it is complete and unaltered.

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
    """Append a card to a flatbuffer; the card's sha256 is set here."""
    card = replace(card, sha256=hashlib.sha256(flatbuffer).hexdigest())
    return pack_archive(flatbuffer, {CARD: card_to_json(card)})
