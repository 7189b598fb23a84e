import io
import json
import random
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fer_edge.errors import ModelError, OutputError
from fer_edge.model.archive import CARD, LABELS
from fer_edge.model.file import pack_model, read_model, write_model
from tests.support.cards import CARD as CARD_VALUE

FLATBUFFER = b"\x1c\x00\x00\x00TFL3" + bytes(range(256)) * 4
PACKED = pack_model(FLATBUFFER, CARD_VALUE)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.tflite"


def refusal(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(ModelError) as caught:
        read_model(path)
    return str(caught.value)


def zip_of(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return buffer.getvalue()


def with_archive(**members: str) -> bytes:
    """Append a ZIP archive of these members to the flatbuffer."""
    buffer = io.BytesIO(FLATBUFFER)
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "a") as archive:
        for name, text in members.items():
            archive.writestr({"card": CARD, "labels": LABELS}.get(name, name), text)
    return buffer.getvalue()


def members() -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(PACKED)) as archive:
        return {
            "card": archive.read(CARD).decode("utf-8"),
            "labels": archive.read(LABELS).decode("utf-8"),
        }


def test_the_same_model_and_card_give_the_same_bytes() -> None:
    assert pack_model(FLATBUFFER, CARD_VALUE) == PACKED
    assert PACKED.startswith(FLATBUFFER)


def test_a_written_model_is_read_back(path: Path) -> None:
    write_model(path, FLATBUFFER, CARD_VALUE)
    file = read_model(path)
    assert file.flatbuffer == FLATBUFFER
    assert replace(file.card, sha256=CARD_VALUE.sha256) == CARD_VALUE
    assert file.size_bytes == path.stat().st_size


def test_unzip_tools_read_card_and_labels(path: Path) -> None:
    path.write_bytes(PACKED)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.read(LABELS).decode().split() == list(CARD_VALUE.labels)


def damaged() -> Iterator[tuple[str, bytes]]:
    """Yield damaged files: one changed byte in flatbuffer, local headers, text or directory."""
    chance = random.Random(0)
    start, end = len(FLATBUFFER), len(PACKED)
    directory = PACKED.index(b"PK\x01\x02")
    places = [*chance.sample(range(start), 20), *chance.sample(range(start, directory), 30)]
    places += range(directory, end)
    for place in [*places, start + 29, start + 115]:
        for mask in (0xFF, 1 << chance.randrange(8), 0x08):
            data = bytearray(PACKED)
            data[place] ^= mask
            yield f"byte {place} ^ {mask:#x}", bytes(data)


def test_a_flipped_byte_is_refused_or_changes_nothing(path: Path) -> None:
    path.write_bytes(PACKED)
    good = read_model(path)
    refused = 0
    for what, data in damaged():
        path.write_bytes(data)
        try:
            file = read_model(path)
        except ModelError as error:
            assert str(path) in str(error), what
            refused += 1
        else:
            assert (file.flatbuffer, file.card) == (good.flatbuffer, good.card), what
    assert refused > 100


def test_every_flipped_byte_of_the_flatbuffer_is_refused(path: Path) -> None:
    for place in range(8, len(FLATBUFFER), 97):
        data = bytearray(PACKED)
        data[place] ^= 1
        assert "altered or damaged" in refusal(path, bytes(data))


def test_a_file_cut_short_anywhere_is_refused(path: Path) -> None:
    for length in range(0, len(PACKED), 61):
        assert str(path) in refusal(path, PACKED[:length])


def test_something_before_the_flatbuffer_is_refused(path: Path) -> None:
    refusal(path, b"12345678" + PACKED)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (FLATBUFFER, ["no card", "fer-edge convert"]),
        (PACKED[:-100], ["truncated"]),
        (b"PK\x03\x04" + bytes(100), ["Keras file (.keras)", "fer-edge convert"]),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), ["HDF5 file (.h5)", "fer-edge convert"]),
        (zip_of("config.json", "model.weights.h5"), ["Keras file (.keras)", "fer-edge convert"]),
        (zip_of("images.npy", "labels.npy"), ["is a NumPy file (.npz)", "face set"]),
        (zip_of("photo.jpg"), ["is a ZIP file", "expected .tflite"]),
        (zip_of(), ["not a TFLite model"]),
        (b"just a text file\n", ["not a TFLite model"]),
        (b"", ["not a TFLite model"]),
        (with_archive(other="x"), ["no card"]),
        (with_archive(**members() | {"labels": "happy\nsad\n"}), ["contradicts itself"]),
        (
            with_archive(
                **members() | {"labels": "".join(f"{x}\n" for x in CARD_VALUE.labels[::-1])}
            ),
            ["contradicts itself"],
        ),
        (with_archive(**members() | {"card": "{}"}), ["damaged"]),
        (
            with_archive(
                **members()
                | {"card": json.dumps(json.loads(members()["card"]) | {"format_version": 99})}
            ),
            ["format version 99", "upgrade"],
        ),
        (
            with_archive(
                **members() | {"card": json.dumps(json.loads(members()["card"]) | {"sha256": "0"})}
            ),
            ["altered or damaged"],
        ),
    ],
)
def test_a_file_that_is_no_whole_model_is_refused(
    path: Path, data: bytes, words: list[str]
) -> None:
    message = refusal(path, data)
    for word in (str(path), *words):
        assert word in message


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for place in (tmp_path / "missing.tflite", tmp_path):
        with pytest.raises(ModelError, match="cannot be read"):
            read_model(place)


def test_an_unwritable_place_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        write_model(tmp_path / "file" / "model.tflite", FLATBUFFER, CARD_VALUE)
