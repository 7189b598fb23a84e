"""A classifier in one file: a TFLite flatbuffer followed by `labels.txt` and its card."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from fer_edge.errors import ModelError
from fer_edge.files import whole_file
from fer_edge.model.archive import (
    CARD,
    CLASSIFIER,
    LABELS,
    Origin,
    origin_of,
    pack_archive,
    read_archive,
)
from fer_edge.model.card import ModelCard, card_from_json, card_to_json


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model file that was read and checked.

    Attributes:
        path: Path of the file.
        flatbuffer: The TFLite model itself, for an interpreter.
        card: Card of the model.
        size_bytes: Size of the whole file.
        origin: Origin of the flatbuffer.
    """

    path: Path
    flatbuffer: bytes
    card: ModelCard
    size_bytes: int
    origin: Origin = "memory"


def read_model(path: Path) -> ModelFile:
    """Read a model file and check that it is complete and unaltered.

    Raises:
        ModelError: The file is missing, is not TFLite, has no card, is a face detector, or its
            digest differs.
    """
    archive = read_archive(path, command="fer-edge convert")
    archive.check_kind(CLASSIFIER, path, "pass it as --detector-model")
    if LABELS not in archive.texts:
        raise ModelError(f"{path} has no {LABELS}; create it: fer-edge convert")
    try:
        card = card_from_json(archive.card)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    archive.check_digest(card.sha256, path)
    labels = tuple(archive.texts[LABELS].splitlines())
    if labels != card.labels:
        raise ModelError(
            f"{path} contradicts itself: labels.txt has {', '.join(labels)}, the card has "
            f"{', '.join(card.labels)}; convert it again"
        )
    return ModelFile(path, archive.flatbuffer, card, archive.size_bytes, origin_of(path))


def pack_model(flatbuffer: bytes, card: ModelCard) -> bytes:
    """Append a card to a flatbuffer; the card's sha256 is set here."""
    card = replace(card, sha256=hashlib.sha256(flatbuffer).hexdigest())
    labels = "".join(f"{label}\n" for label in card.labels)
    return pack_archive(flatbuffer, {LABELS: labels, CARD: card_to_json(card)})


def write_model(path: Path, flatbuffer: bytes, card: ModelCard) -> None:
    """Write a model file, completely or not at all.

    Raises:
        OutputError: The file cannot be written.
    """
    with whole_file(path) as temporary:
        temporary.write_bytes(pack_model(flatbuffer, card))
