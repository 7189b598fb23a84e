"""A face aligner in one file: a TFLite flatbuffer followed by its card."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from fer_edge.aligner.card import KIND, AlignerCard, card_from_json, card_to_json
from fer_edge.errors import ModelError
from fer_edge.model.archive import CARD, Origin, origin_of, pack_archive, read_archive
from fer_edge.model.bundled import bundled_files

_COMMAND = "python -m fer_edge.converters.aligner"


@dataclass(frozen=True, slots=True)
class AlignerFile:
    """An aligner file that was read and checked.

    Attributes:
        path: Path of the file.
        flatbuffer: The TFLite model itself, for an interpreter.
        card: Card of the aligner.
        size_bytes: Size of the whole file.
        origin: Origin of the flatbuffer.
    """

    path: Path
    flatbuffer: bytes
    card: AlignerCard
    size_bytes: int
    origin: Origin = "memory"


def bundled_aligner() -> Path:
    """Return the path of the bundled aligner.

    Raises:
        ModelError: The installation has none.
    """
    (path,) = bundled_files(Path(__file__).with_name("files")).values()
    return path


def read_aligner(path: Path) -> AlignerFile:
    """Read an aligner file and check that it is complete and unaltered.

    Raises:
        ModelError: The file is missing, is not TFLite, has no card, is of another kind, or its
            digest differs.
    """
    archive = read_archive(path, command=_COMMAND)
    archive.check_kind(KIND, path, f"create it: {_COMMAND}")
    try:
        card = card_from_json(archive.card)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    archive.check_digest(card.sha256, path)
    return AlignerFile(path, archive.flatbuffer, card, archive.size_bytes, origin_of(path))


def pack_aligner(flatbuffer: bytes, card: AlignerCard) -> bytes:
    """Append a card to a flatbuffer; the card's sha256 is set here."""
    card = replace(card, sha256=hashlib.sha256(flatbuffer).hexdigest())
    return pack_archive(flatbuffer, {CARD: card_to_json(card)})
