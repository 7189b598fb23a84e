"""A `.tflite` file with a card: a TFLite flatbuffer followed by a ZIP archive of texts.

This is the TensorFlow Lite Metadata convention for associated files: interpreters ignore the data
after the flatbuffer, and any unzip tool can read it. The card contains the sha256 of the
flatbuffer; a file that does not match is rejected before an interpreter sees it.
"""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fer_edge.archives import check_archive
from fer_edge.documents import parse_json, read_limited
from fer_edge.errors import ModelError
from fer_edge.files import UNREADABLE_ARCHIVE
from fer_edge.limits import JSON_BYTES, RAISE_THE_LIMIT, memory_bytes
from fer_edge.schema import SchemaError
from fer_edge.shown import printable

CARD = "fer_edge.json"
LABELS = "labels.txt"
CLASSIFIER = "classifier"
"""Kind of a file with a card that has no `kind`."""

Origin = Literal["package", "disk", "memory"]
"""Origin of a flatbuffer: bundled with fer-edge, and as trustworthy as its code; read from a file,
which may come from anyone; or created in this process."""

_PACKAGE = Path(__file__).parents[1]
# sizes of ZIP records without the names in them (APPNOTE.TXT 4.3)
_LOCAL_HEADER_BYTES, _DIRECTORY_ENTRY_BYTES, _END_BYTES = 30, 46, 22
_FLATBUFFER_MAGIC = b"TFL3"  # file identifier of the schema, at byte 4
_ZIP_MAGIC, _HDF5_MAGIC = b"PK\x03\x04", b"\x89HDF"
_ARTICLES = {
    CLASSIFIER: "an expression classifier",
    "face-detector": "a face detector",
    "face-aligner": "a face aligner",
}


@dataclass(frozen=True, slots=True)
class Archive:
    """Parts of a file with a card.

    Attributes:
        flatbuffer: The TFLite model itself, for an interpreter.
        texts: Text of the card and, in a classifier, of the labels, by file name.
        size_bytes: Size of the whole file.
    """

    flatbuffer: bytes
    texts: Mapping[str, str]
    size_bytes: int

    @property
    def card(self) -> str:
        """The card's text."""
        return self.texts[CARD]

    def check_kind(self, expected: str, path: Path, next_step: str) -> None:
        """Check the kind of the file.

        Args:
            expected: `CLASSIFIER`, or the `kind` that the card must state.
            path: Path of the file, for the message.
            next_step: Advice for a file of another kind, for the message.

        Raises:
            ModelError: The file is of another kind.
        """
        try:
            card = parse_json(self.card)
        except SchemaError:
            return  # its reader reports the error
        kind = printable(card.get("kind", CLASSIFIER)) if isinstance(card, dict) else expected
        if kind != expected:
            raise ModelError(
                f"{path} is {_ARTICLES.get(kind, kind)}, expected {_ARTICLES[expected]}; "
                f"{next_step}"
            )

    def check_digest(self, expected: str, path: Path) -> None:
        """Check the flatbuffer against the card's sha256.

        Raises:
            ModelError: The flatbuffer is a different one.
        """
        digest = hashlib.sha256(self.flatbuffer).hexdigest()
        if digest != expected:
            raise ModelError(
                f"{path} was altered or damaged: the model's sha256 is {digest[:12]}..., the "
                f"card states {expected[:12]}...; copy or convert it again"
            )


def read_archive(path: Path, *, command: str) -> Archive:
    """Split a file into its flatbuffer and the texts after it.

    Args:
        path: The file.
        command: Command that creates such a file, for messages.

    Raises:
        ModelError: The file is missing, is not TFLite, or has no card.
    """
    data = read_flatbuffer_file(path)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            check_archive(archive, most_bytes=2 * JSON_BYTES)
            start = min((item.header_offset for item in archive.infolist()), default=len(data))
            names = [name for name in (LABELS, CARD) if name in archive.namelist()]
            texts = {name: archive.read(name).decode("utf-8") for name in names}
            is_exact = len(data) - start == _size_bytes(archive)
    except UNREADABLE_ARCHIVE as error:
        if CARD.encode() in data:
            raise ModelError(
                f"{path} is truncated or damaged: the card in it cannot be read; copy it again"
            ) from error
        raise ModelError(
            f"{path} has no card, so its inputs and outputs are unknown; create it: {command} "
            "(if it had a card, the file is truncated: copy it again)"
        ) from error
    if CARD not in texts:
        raise ModelError(f"{path} has no card ({CARD}); create it: {command}")
    if not is_exact:
        raise ModelError(
            f"{path} was altered or damaged: it contains more than the model, its labels and its "
            f"card; copy it again, or create it: {command}"
        )
    return Archive(data[:start], texts, len(data))


def read_flatbuffer_file(path: Path) -> bytes:
    """Read the bytes of a `.tflite` file, with or without a card.

    Raises:
        ModelError: The file is missing or not TFLite.
    """
    try:
        data = read_limited(path, memory_bytes())
    except OSError as error:
        raise ModelError(
            f"model {path} cannot be read: {error.strerror}; pass a .tflite file or a bundled "
            "model (see: fer-edge models)"
        ) from error
    except SchemaError as error:
        raise ModelError(f"model {path} is refused: {error}; {RAISE_THE_LIMIT}") from error
    if data[4:8] != _FLATBUFFER_MAGIC:
        if kind := _other_kind(data):
            raise ModelError(f"{path} is {kind}")
        raise ModelError(f"{path} is not a TFLite model (no {_FLATBUFFER_MAGIC.decode()} mark)")
    return data


def _other_kind(data: bytes) -> str:
    """Name the kind of a file that is not TFLite, and the next step; empty if it is unknown."""
    if data.startswith(_HDF5_MAGIC):
        return "an HDF5 file (.h5), expected .tflite; convert it: fer-edge convert"
    if not data.startswith(_ZIP_MAGIC):
        return ""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except UNREADABLE_ARCHIVE:
        return (
            "a truncated or damaged ZIP file, expected .tflite; copy it again, and if it is a "
            "Keras file (.keras), convert it: fer-edge convert"
        )
    if "config.json" in names:
        return "a Keras file (.keras), expected .tflite; convert it: fer-edge convert"
    if names and all(name.endswith(".npy") for name in names):
        return "a NumPy file (.npz), such as a face set, expected .tflite; pass the model"
    return "a ZIP file, expected .tflite; if the model is in it, unpack it"


def origin_of(path: Path) -> Origin:
    """Return the origin of a file, by its path."""
    is_ours = path.is_relative_to(_PACKAGE) and ".." not in path.parts
    return "package" if is_ours else "disk"


def _size_bytes(archive: zipfile.ZipFile) -> int:
    """Return the size of an archive of these texts as `pack_archive` writes it.

    Without other files, comments, extra fields and gaps, so that a single extra byte is detected.
    """
    entries = archive.infolist()
    if not {entry.filename for entry in entries} <= {CARD, LABELS}:
        return -1
    names = sum(len(entry.filename) for entry in entries)
    headers = len(entries) * (_LOCAL_HEADER_BYTES + _DIRECTORY_ENTRY_BYTES)
    return sum(entry.compress_size for entry in entries) + headers + 2 * names + _END_BYTES


def pack_archive(flatbuffer: bytes, texts: Mapping[str, str]) -> bytes:
    """Append texts to a flatbuffer.

    Equal input gives equal bytes: the archive is uncompressed, with a fixed time.
    """
    buffer = io.BytesIO(flatbuffer)
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_STORED) as archive:
        for name, text in texts.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text.encode("utf-8"))
    return buffer.getvalue()
