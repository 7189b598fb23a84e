import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from fer_edge.archives import ArchiveError, check_archive_file
from fer_edge.errors import DatasetError, ModelError
from fer_edge.faces.faceset import FaceSet, load_faceset, save_faceset
from fer_edge.limits import ARCHIVE_ENTRIES, MEMORY_VARIABLE
from fer_edge.model.archive import CARD, LABELS
from fer_edge.model.file import pack_model, read_model
from tests.support.cards import CARD as CARD_VALUE

FLATBUFFER = b"\x1c\x00\x00\x00TFL3" + bytes(64)


def npy(array: np.ndarray, header: bytes | None = None) -> bytes:
    """Return an array as .npy data; with `header`, only that header without an array."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    data = buffer.getvalue()
    if header is None:
        return data
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header


def npz(path: Path, method: int = zipfile.ZIP_DEFLATED, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return path


def plain(**changes: bytes) -> dict[str, bytes]:
    members = {
        "images": npy(np.zeros((4, 8, 8), np.uint8)),
        "labels": npy(np.array([0, 1, 0, 1], np.uint8)),
        "split": npy(np.array([0, 0, 1, 1], np.uint8)),
    }
    return members | changes


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_packing_that_cannot_be_bounded_is_refused(tmp_path: Path, method: int) -> None:
    path = npz(tmp_path / "faces.npz", method, **plain())
    with pytest.raises(DatasetError, match="not stored or deflated"):
        load_faceset(path)
    buffer = io.BytesIO(FLATBUFFER)
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "a", method) as archive:
        archive.writestr(LABELS, "happy\nsad\n")
        archive.writestr(CARD, " " * 100_000)
    (tmp_path / "m.tflite").write_bytes(buffer.getvalue())
    with pytest.raises(ModelError):
        read_model(tmp_path / "m.tflite")


def test_arrays_that_declare_too_much_are_refused_before_they_are_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MEMORY_VARIABLE, "1")
    path = npz(tmp_path / "faces.npz", **plain(images=bytes(3_000_000)))
    assert path.stat().st_size < 10_000
    with pytest.raises(DatasetError, match=r"declares 3 MB, expected at most 1.*--limit-memory"):
        load_faceset(path)


@pytest.mark.parametrize(
    "header",
    [
        b"{'descr': '|u1', 'fortran_order': False, 'shape': (4, 8, 8), }" + b"(" * 300,
        b"{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999, 8, 8), }",
        b"{'descr': '|u1', 'fortran_order': False, 'shape': (1 << 40, 8, 8), }",
        b"{'descr': '|u1', 'fortran_order': False, 'shape': (9223372036854775807, 1, 1), }",
        b"{'descr': '|O', 'fortran_order': False, 'shape': (4, 8, 8), }",
        b"{'descr': 'x', 'fortran_order': 7, 'shape': 'y'}",
        b"'''",
        b"",
    ],
)
def test_a_header_without_sense_is_one_line(tmp_path: Path, header: bytes) -> None:
    path = npz(tmp_path / "faces.npz", **plain(images=npy(np.zeros(1), header)))
    with pytest.raises(DatasetError) as caught:
        load_faceset(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["vo4es", "clasr_names", "labelz", "spljt"])
def test_an_array_with_a_damaged_name_is_refused(tmp_path: Path, name: str) -> None:
    path = npz(tmp_path / "faces.npz", **plain(**{name: npy(np.zeros((4, 10), np.uint8))}))
    if name in ("labelz", "spljt"):
        members = plain()
        members[name] = members.pop("labels" if name == "labelz" else "split")
        npz(path, **members)
    with pytest.raises(DatasetError, match="its name may be damaged"):
        load_faceset(path)


def test_arrays_that_are_not_read_are_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = npz(tmp_path / "faces.npz", **plain(ages=npy(np.zeros(4))))
    assert len(load_faceset(path)) == 4
    assert "'ages'" in caplog.text


def test_two_arrays_of_one_name_are_refused(tmp_path: Path) -> None:
    path = npz(tmp_path / "faces.npz", **plain())
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("labels.npy", npy(np.zeros(4, np.uint8)))
    with pytest.raises(DatasetError, match="4 entries, but only 3 different names"):
        load_faceset(path)


def test_an_archive_of_too_many_entries_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "many.npz", "w") as archive:
        for number in range(ARCHIVE_ENTRIES + 1):
            archive.writestr(f"{number}.npy", b"")
    with pytest.raises(DatasetError, match="it has 10,001 entries, expected at most 10,000"):
        load_faceset(tmp_path / "many.npz")


def test_a_written_face_set_is_read_without_a_word(
    tmp_path: Path, faces: FaceSet, caplog: pytest.LogCaptureFixture
) -> None:
    save_faceset(faces, tmp_path / "faces.npz")
    assert load_faceset(tmp_path / "faces.npz").digest == faces.digest
    assert not caplog.text


def test_what_is_no_archive_is_left_to_its_reader(tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(npy(np.zeros(3)))
    check_archive_file(tmp_path / "a.npy")


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    path = npz(tmp_path / "a.npz", **plain())
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(ArchiveError, match="encrypted"):
        check_archive_file(path)


@pytest.mark.parametrize("extra", [b"x", b"PK\x05\x06" + bytes(18), bytes(1000)])
def test_altered_files_are_refused_also_behind_the_archive(tmp_path: Path, extra: bytes) -> None:
    packed = pack_model(FLATBUFFER, CARD_VALUE)
    path = tmp_path / "m.tflite"
    path.write_bytes(packed)
    read_model(path)
    path.write_bytes(packed + extra)
    with pytest.raises(ModelError, match=r"altered|damaged|no card"):
        read_model(path)


def test_a_third_file_in_the_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(pack_model(FLATBUFFER, CARD_VALUE))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("more.txt", "")
    with pytest.raises(ModelError, match="contains more than the model"):
        read_model(path)


def test_an_archive_comment_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(pack_model(FLATBUFFER, CARD_VALUE))
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"hidden"
    with pytest.raises(ModelError, match="contains more than the model"):
        read_model(path)
