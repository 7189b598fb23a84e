from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.pictures import folder as picture_folder
from fer_edge.pictures.folder import (
    describe_left_out,
    files_in,
    is_hidden,
    pictures_in,
    pictures_of_pattern,
)


def put(root: Path, *names: str) -> Path:
    """Write a small picture under each name; return the root."""
    data = cv2.imencode(".png", np.zeros((4, 4), np.uint8))[1].tobytes()
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def names_of(root: Path, paths: tuple[Path, ...]) -> list[str]:
    return [str(path.relative_to(root)) for path in paths]


def test_pictures_of_all_kinds_and_depths_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    put(tmp_path, "b.PNG", "a.jfif", "c/d/e.tiff", "f.ppm", "g.webp", "h.bmp", "i.gif", "j.jp2")
    found = pictures_in(tmp_path)
    assert names_of(tmp_path, found.pictures) == [
        *("a.jfif", "b.PNG", "c/d/e.tiff", "f.ppm", "g.webp", "h.bmp", "i.gif", "j.jp2")
    ]
    assert not found.left_out


@pytest.mark.parametrize(
    "name",
    [
        *(".git/a.png", ".ipynb_checkpoints/a.png", ".thumbnails/a.png", "@eaDir/a.jpg", "._a.jpg"),
        *("__MACOSX/a.png", "#recycle/a.png", "$RECYCLE.BIN/a.png", "Thumbs.db", "c/.d/e/a.png"),
    ],
)
def test_what_programs_leave_behind_is_neither_read_nor_counted(tmp_path: Path, name: str) -> None:
    found = pictures_in(put(tmp_path, "seen.png", "c/@seen.png", name))
    assert names_of(tmp_path, found.pictures) == ["c/@seen.png", "seen.png"]
    assert found.files == 2


def test_a_hidden_folder_that_is_named_is_read(tmp_path: Path) -> None:
    put(tmp_path, ".thumbnails/a.png", ".thumbnails/.b.png")
    folder = tmp_path / ".thumbnails"
    assert names_of(folder, pictures_in(folder).pictures) == ["a.png"]
    for pattern in ("*.png", "**/*.png"):
        found = pictures_of_pattern(f"{folder}/{pattern}")
        assert names_of(folder, found.pictures) == ["a.png"]
    found = pictures_of_pattern(f"{tmp_path}/**/.thumbnails/*.png")
    assert names_of(folder, found.pictures) == ["a.png"]


def test_other_files_are_counted_by_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_folder, "missing_extra", lambda kind: kind == "HEIC")
    put(tmp_path, "a.png", "b.heic", "c.HEIC", "d.mp4", "README")
    (tmp_path / "README").write_text("words")
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere")
    found = pictures_in(tmp_path)
    assert found.left_out == Counter({".heic": 2, ".mp4": 1, "without suffix": 1, "unreadable": 1})
    assert describe_left_out(1, found.left_out) == (
        "read 1 of 6 files; left out: 2 .heic, 1 .mp4, 1 unreadable, 1 without suffix; "
        "to read HEIC and AVIF run: pip install 'fer-edge[heif]'"
    )


def test_a_picture_without_a_suffix_is_a_picture(tmp_path: Path) -> None:
    assert names_of(tmp_path, pictures_in(put(tmp_path, "subject01")).pictures) == ["subject01"]


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    put(tmp_path, *(f"{number}/x.png" for number in range(9)))
    for one in range(9):
        for other in range(9):
            (tmp_path / str(one) / f"to{other}").symlink_to(tmp_path / str(other))
    (tmp_path / "0" / "root").symlink_to(tmp_path)
    assert len(pictures_in(tmp_path).pictures) == 9
    assert len(pictures_of_pattern(f"{tmp_path}/**/*.png").pictures) == 9


def test_a_linked_folder_from_elsewhere_is_read(tmp_path: Path) -> None:
    put(tmp_path, "elsewhere/x.png", "root/a.png")
    (tmp_path / "root" / "link").symlink_to(tmp_path / "elsewhere")
    root = tmp_path / "root"
    assert names_of(root, pictures_in(root).pictures) == ["a.png", "link/x.png"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.png", ["a.png"]),
        ("**/*.png", ["a.png", "b/c.png", "b/d/e.png"]),
        ("b/**/*.png", ["b/c.png", "b/d/e.png"]),
        ("**/d/*.png", ["b/d/e.png"]),
        ("**", ["a.png", "b/c.png", "b/d/e.png", "f.jpg"]),
        ("*/[cd].png", ["b/c.png"]),
        ("**/nothing/*.png", []),
    ],
)
def test_patterns_match_as_a_shell_matches_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str, expected: list[str]
) -> None:
    put(tmp_path, "a.png", "b/c.png", "b/d/e.png", "f.jpg", "@eaDir/g.png", ".h/i.png")
    found = pictures_of_pattern(f"{tmp_path}/{pattern}")
    assert names_of(tmp_path, found.pictures) == expected
    monkeypatch.chdir(tmp_path)
    assert [str(path) for path in pictures_of_pattern(pattern).pictures] == expected


def test_a_missing_folder_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(files_in(tmp_path / "missing"))


def test_ordinary_names_are_not_hidden() -> None:
    names = ("a.jpg", "@me.jpg", "#1.jpg", "_b", "thumbs.jpg")
    assert not any(is_hidden(name) for name in names)
