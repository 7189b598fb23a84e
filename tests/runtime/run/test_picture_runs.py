"""`fer-edge run` on pictures, folders and patterns, without a detector."""

import struct
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
from click.testing import Result
from PIL import Image

from fer_edge.pictures import folder as picture_folder
from fer_edge.pictures import kinds as picture_kinds
from tests.support.clear_line import assert_one_clear_line

Invoke = Callable[..., Result]
RUN = ("run", "--detector", "none", "--quiet")
FORMATS = {".gif": "GIF", ".jp2": "JPEG2000", ".jfif": "JPEG", ".heic": "HEIF", ".avif": "AVIF"}


def write(path: Path, format_: str | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    format_ = format_ or FORMATS.get(path.suffix)
    if format_ == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    if format_ == "AVIF" and picture_kinds.missing_extra("AVIF"):
        pytest.skip("this Pillow has no AVIF")
    Image.new("RGB", (80, 60), (20, 120, 220)).save(path, format_)
    return path


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize("suffix", [*FORMATS, ".png"])
def test_one_picture_of_any_kind_is_annotated_into_one_file(
    tmp_path: Path, fer_edge: Invoke, suffix: str
) -> None:
    out = tmp_path / "out.jpg"
    done = fer_edge(*RUN, "--input", write(tmp_path / f"in{suffix}"), "--annotate", out)
    assert done.exit_code == 0, done.output
    assert cv2.imread(str(out)).shape == (60, 80, 3)


@pytest.mark.parametrize("suffix", [".jpg", ".jfif", ".jpe", ".png", ".webp", ".bmp", ".tif"])
def test_annotated_pictures_are_written_in_the_kind_of_their_suffix(
    tmp_path: Path, fer_edge: Invoke, suffix: str
) -> None:
    out = tmp_path / f"out{suffix}"
    done = fer_edge(*RUN, "--input", write(tmp_path / "in.png"), "--annotate", out)
    assert done.exit_code == 0, done.output
    assert picture_kinds.picture_kind(out.read_bytes()) == picture_kinds.SUFFIXES[suffix]


@pytest.mark.parametrize("suffix", [".heic", ".xyz"])
def test_a_kind_that_cannot_be_written_is_refused(
    tmp_path: Path, fer_edge: Invoke, suffix: str
) -> None:
    out = tmp_path / f"out{suffix}"
    done = fer_edge(*RUN, "--input", write(tmp_path / "in.png"), "--annotate", out)
    assert_one_clear_line(done, "not a picture format", ".jpg")
    assert not out.exists()


def test_pictures_of_one_name_have_an_annotated_file_each(tmp_path: Path, fer_edge: Invoke) -> None:
    for name in ("a.gif", "a.jpg", "a.jp2"):
        write(tmp_path / "in" / name)
    done = fer_edge(*RUN, "--input", tmp_path / "in", "--annotate", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert [path.name for path in sorted((tmp_path / "out").iterdir())] == [
        *("000000-a.jpg", "000001-a.jpg", "000002-a.jpg")
    ]


def test_one_file_for_several_annotated_pictures_is_refused(
    tmp_path: Path, fer_edge: Invoke
) -> None:
    for name in ("a.png", "b.png"):
        write(tmp_path / "in" / name)
    out = tmp_path / "out.jpg"
    done = fer_edge(*RUN, "--input", tmp_path / "in", "--annotate", out)
    assert_one_clear_line(done, "is a single picture", "expected a folder")
    assert not out.exists()


def test_a_folder_says_what_was_left_out_of_it(
    tmp_path: Path,
    fer_edge: Invoke,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(picture_folder, "missing_extra", lambda kind: kind == "HEIC")
    for name in ("a.png", "b/c.gif", ".thumbnails/a.png"):
        write(tmp_path / name)
    for name in ("a.heic", "b.heic", "c.mp4"):
        (tmp_path / name).write_bytes(b"something")
    (tmp_path / "broken.jpg").write_bytes(write(tmp_path / "a.png").read_bytes()[:50])
    for place in (tmp_path, f"{tmp_path}/**/*"):
        caplog.clear()
        assert fer_edge(*RUN, "--input", place).exit_code == 0
        assert logged(caplog)[-1] == (
            "read 2 of 6 files; left out: 2 .heic, 1 .mp4, 1 damaged; "
            "to read HEIC and AVIF run: pip install 'fer-edge[heif]'"
        )


def test_a_folder_that_is_read_whole_is_silent(
    tmp_path: Path, fer_edge: Invoke, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "a.png")
    write(tmp_path / "b.tiff")
    assert fer_edge(*RUN, "--input", tmp_path).exit_code == 0
    assert logged(caplog) == []


@pytest.mark.parametrize("name", ["film.mp4", "film.MOV", "film.h264"])
def test_a_folder_of_videos_says_that_pictures_were_expected(
    tmp_path: Path, fer_edge: Invoke, name: str
) -> None:
    (tmp_path / name).write_bytes(b"film")
    suffix = Path(name).suffix.lower()
    for place in (tmp_path, f"{tmp_path}/*"):
        done = fer_edge(*RUN, "--input", place)
        assert_one_clear_line(
            done, "no readable picture", f"1 {suffix}", "to read a video, pass its name"
        )


def test_a_heic_without_its_library_is_one_line(
    tmp_path: Path, fer_edge: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = write(tmp_path / "photo.heic")
    monkeypatch.setattr(picture_kinds.importlib.util, "find_spec", lambda _: None)
    install = "pip install 'fer-edge[heif]'"
    assert_one_clear_line(fer_edge(*RUN, "--input", photo), f"{photo}, a HEIC picture,", install)
    assert_one_clear_line(
        fer_edge(*RUN, "--input", tmp_path), "no readable picture", "1 .heic", install
    )


def test_a_picture_that_declares_billions_of_pixels_is_one_line(
    tmp_path: Path, fer_edge: Invoke
) -> None:
    path = write(tmp_path / "bomb.png")
    data = bytearray(path.read_bytes())
    data[16:24] = struct.pack(">II", 100_000, 100_000)
    path.write_bytes(bytes(data))
    done = fer_edge(*RUN, "--input", path, "--annotate", tmp_path / "out.jpg")
    assert_one_clear_line(done, "declares 100000x100000 pixels; expected at most 120 million")
    assert list(tmp_path.iterdir()) == [path]


def test_the_limit_of_pixels_is_an_option(tmp_path: Path, fer_edge: Invoke) -> None:
    path = write(tmp_path / "x.png")
    limit = ("--limit-pixels", 80 * 60 - 1)
    assert_one_clear_line(fer_edge(*RUN, "--input", path, *limit), "declares 80x60 pixels")
    done = fer_edge(*RUN, "--input", path, "--limit-pixels", 80 * 60)
    assert done.exit_code == 0, done.output
