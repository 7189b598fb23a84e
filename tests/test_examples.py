"""Each file in examples/ and each Python block of the how-to pages is run on a real face."""

import contextlib
import io
import json
import re
import runpy
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge import UNCERTAIN
from fer_edge.faces.faceset import save_faceset
from fer_edge.faces.labels import FER2013
from fer_edge.model.bundled import DEFAULT_MODEL
from fer_edge.pictures.sample_photo import sample_photo
from fer_edge.runtime.recognition import follower
from tests.support.cartoons import make_faces

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = sorted(path.name for path in (ROOT / "examples").glob("*.py"))
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
ELSEWHERE = {"archive-results"}  # tests/runtime/archive/test_queries.py
BLOCKS = {
    f"{page.stem}-{number}": (page, *found.groups(default=""))
    for page in sorted((ROOT / "docs/how-to").glob("*.md"))
    if page.stem not in ELSEWHERE
    for number, found in enumerate(BLOCK.finditer(page.read_text("utf-8")))
}
FRAMES, RATE_HZ = 6, 25


@pytest.fixture(scope="session")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with photo.jpg, clip.mp4 (6 frames, 25 Hz) and photos/, all with one face.

    And drawn faces in groups, in faces.npz and groups.csv.
    """
    pytest.importorskip("matplotlib", reason="the sample photograph comes with matplotlib")
    folder = tmp_path_factory.mktemp("album")
    image = cv2.imread(str(sample_photo()))
    (folder / "photos").mkdir()
    shutil.copy(sample_photo(), folder / "photo.jpg")
    shutil.copy(sample_photo(), folder / "photos/hopper.jpg")
    height, width = image.shape[:2]
    code = cv2.VideoWriter.fourcc(*"mp4v")
    writer = cv2.VideoWriter(str(folder / "clip.mp4"), code, RATE_HZ, (width, height))
    for _ in range(FRAMES):
        writer.write(image)
    writer.release()
    faces = make_faces()
    save_faceset(faces, folder / "faces.npz")
    lines = [f"{row},{'old' if row % 3 else 'young'}" for row in range(len(faces))]
    (folder / "groups.csv").write_text("\n".join(["face,age", *lines]), "utf-8")
    return folder


@pytest.fixture(autouse=True)
def in_the_album(album: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(album)


def run(name: str, *arguments: object) -> list[str]:
    """Run an example as a program; return the lines that it printed."""
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.setattr("sys.argv", [name, *map(str, arguments)])
        runpy.run_path(str(ROOT / "examples" / name), run_name="__main__")
    return printed.getvalue().splitlines()


def is_label(text: str) -> bool:
    return text in (*FER2013, UNCERTAIN)


def test_every_example_has_a_test_and_says_its_question_and_how_to_run_it() -> None:
    tested = set(re.findall(r'run\("(\w+\.py)"', Path(__file__).read_text("utf-8")))
    assert tested == set(EXAMPLES)
    for name in EXAMPLES:
        text = (ROOT / "examples" / name).read_text("utf-8")
        assert len(text.splitlines()) <= 40
        assert re.match(rf'"""[^\n]*\?[^\n]*\n\nRun: python examples/{name} ', text), name


def test_the_overview_lists_every_example_with_its_question() -> None:
    overview = (ROOT / "examples/README.md").read_text("utf-8")
    for name in EXAMPLES:
        question = (ROOT / "examples" / name).read_text("utf-8").partition("\n")[0].strip('"')
        assert f"| [{name}]({name}) | {question} |" in overview


def test_a_photo_is_read() -> None:
    (line,) = run("read_a_photo.py", "photo.jpg")
    assert is_label(line.split()[0])
    assert re.search(r"\(\d+%\) at \d+, \d+$", line)


def test_a_video_is_read() -> None:
    lines = run("read_a_video.py", "clip.mp4")
    assert [float(line.split()[0]) for line in lines] == pytest.approx(
        [number / RATE_HZ for number in range(FRAMES)]
    )
    assert all(is_label(line.split()[2]) for line in lines)


def test_the_seconds_of_each_expression_add_up_to_the_clip() -> None:
    lines = run("count_expressions.py", "clip.mp4")
    assert all(is_label(line.split()[0]) for line in lines)
    assert sum(float(line.split()[1]) for line in lines) == pytest.approx(FRAMES / RATE_HZ)


def test_the_happiest_frame_is_found_and_drawn(tmp_path: Path) -> None:
    (line,) = run("happiest_frame.py", "clip.mp4", tmp_path / "happiest.jpg")
    assert re.match(r"frame \d at 0\.\d\d s: happy \d+%", line)
    assert cv2.imread(str(tmp_path / "happiest.jpg")).shape == (600, 512, 3)


def test_a_picture_of_each_smile_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("save_smiles.py", "clip.mp4", tmp_path / "none") == []
    labels = iter(["neutral", "happy", "happy", "neutral", "happy", "happy"])
    monkeypatch.setattr(follower, "steady_label", lambda *_: next(labels))
    lines = run("save_smiles.py", "clip.mp4", tmp_path / "smiles")
    assert [Path(line).name for line in lines] == ["000001.jpg", "000004.jpg"]
    assert all(cv2.imread(line).shape == (600, 512, 3) for line in lines)


def test_faces_are_sorted_into_folders(tmp_path: Path) -> None:
    (line,) = run("crop_faces_into_folders.py", "photos", tmp_path / "faces")
    written = Path(line)
    assert is_label(written.parent.name)
    face = cv2.imread(str(written), cv2.IMREAD_UNCHANGED)
    assert face.shape[2] == 3
    assert face.shape[0] == face.shape[1]


@pytest.fixture
def service() -> Iterator[tuple[str, list[dict[str, object]]]]:
    """Run a web service on loopback; provide its address and the list of received objects."""
    sent: list[dict[str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/expressions", sent
        server.shutdown()
        thread.join()


def test_a_web_service_is_told_of_changes(
    service: tuple[str, list[dict[str, object]]],
) -> None:
    url, sent = service
    lines = run("send_to_http.py", "clip.mp4", url)
    # all frames are equal: there is one change, from no face to a face
    assert len(sent) == len(lines) == 1
    assert sent[0]["time_s"] == 0
    assert is_label(str(sent[0]["faces"][0]["label"]))  # type: ignore[index]


def test_an_own_detector_sees_the_middle_alone() -> None:
    (line,) = run("own_detector.py", "photo.jpg")
    (found,) = re.findall(r"\('(\w+)', (\d+)\)", line)
    assert is_label(found[0])
    assert 128 <= int(found[1]) <= 384


def test_a_tracker_of_another_library_follows() -> None:
    pytest.importorskip("supervision")
    pytest.importorskip("trackers")
    lines = run("own_tracker.py", "clip.mp4")
    assert len(lines) == FRAMES
    assert lines[0].endswith("[]")  # ByteTrack starts a track with the second detection
    assert all(re.fullmatch(r"0\.\d0 s: \[\(1, '\w+'\)\]", line) for line in lines[1:])


def test_two_models_are_compared() -> None:
    lines = run("compare_int_and_float.py", DEFAULT_MODEL, DEFAULT_MODEL, "photos")
    assert lines == [
        "1 of 1 faces with the same label",
        "largest difference of a probability: 0.000",
    ]


def test_cut_faces_are_read(tmp_path: Path) -> None:
    faces = np.random.default_rng(0).integers(0, 256, (3, 60, 50), dtype=np.uint8)
    np.save(tmp_path / "faces.npy", faces)
    lines = run("classify_crops.py", tmp_path / "faces.npy")
    assert [line.split(":")[0] for line in lines] == ["face 0", "face 1", "face 2"]
    assert all(is_label(line.split()[2]) for line in lines)


def test_frames_of_a_generator_are_read() -> None:
    lines = run("from_a_generator.py", "photo.jpg")
    assert [line.split(" s: ")[0] for line in lines] == [f"{n / 25:.2f}" for n in range(6)]
    assert lines[0].endswith("[]")  # a black frame
    assert is_label(lines[-1].split("'")[1])


@pytest.mark.parametrize("name", BLOCKS)
def test_a_code_block_of_a_page_runs_and_prints_what_stands_below_it(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    page, code, output = BLOCKS[name]
    exec(compile(code, str(page), "exec"), {"__name__": "__main__"})
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out == output


def test_the_pages_have_code() -> None:
    assert {page.stem for page, _, _ in BLOCKS.values()} >= {
        "python",
        "python-images",
        "python-videos",
        "own-detector",
    }
    assert len(BLOCKS) >= 9
