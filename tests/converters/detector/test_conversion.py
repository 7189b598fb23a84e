"""Conversion of YuNet to .tflite files: int8 and float32 files, and refused input."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed (fer-edge[train])")
pytest.importorskip("onnx", reason="onnx is not installed (fer-edge[train])")
pytest.importorskip("matplotlib", reason="its photograph is the face")

from fer_edge.converters.detector.agreement import DetectorGate
from fer_edge.converters.detector.pictures import MOST_INPUTS, make_inputs, read_pictures
from fer_edge.converters.devices.edgetpu import check
from fer_edge.detector.card import DetectorAgreement
from fer_edge.detector.file import bundled_detectors, read_detector
from fer_edge.detector.network import DetectorNetwork
from fer_edge.errors import DatasetError
from fer_edge.model.graph import read_graph
from fer_edge.pictures.picture import read_picture
from fer_edge.pictures.sample_photo import sample_photo
from tests.support.clear_line import assert_one_clear_line
from tests.support.made_videos import make, moving, with_matrix

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a photograph, a video of it, and files that are neither; return their folder."""
    folder = tmp_path_factory.mktemp("pictures")
    shutil.copy(sample_photo(), folder / "face.jpg")
    photo = cv2.resize(read_picture(sample_photo()), (256, 300))
    writer = cv2.VideoWriter(
        str(folder / "face.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 25, (256, 300)
    )
    for shift in range(31):
        writer.write(np.roll(photo, 3 * shift, axis=1))
    writer.release()
    (folder / "notes.txt").write_text("not a picture")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8 not a picture")
    (folder / "broken.mp4").write_bytes(b"not a video")
    return folder


@pytest.fixture(scope="module")
def converted(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Convert to int8 and float32 files of one input size; return their folder."""
    from click.testing import CliRunner

    from fer_edge.cli.main import main

    out = tmp_path_factory.mktemp("detectors")
    command = ["convert-detector", "--calibration", pictures, "--out", out]
    # a few pictures of one face do not give representative ranges
    command += ["--size", "320x192", "--float32", "--min-overlap", "0.8"]
    done = CliRunner().invoke(main, [str(part) for part in command])
    assert done.exit_code == 0, done.output
    assert "finds 100.00% of" in done.output
    return out


def test_a_video_gives_every_tenth_frame_and_what_is_no_picture_is_left_out(pictures: Path) -> None:
    found = read_pictures(pictures)
    assert [picture.shape[:2] for picture in found] == [(300, 256)] * 4 + [(600, 512)]


def test_text_and_playlists_are_not_videos(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(sample_photo().read_bytes())
    (tmp_path / "README.txt").write_text("Pictures of the lobby camera.\n" * 20)
    (tmp_path / "list.ffconcat").write_text("ffconcat version 1.0\nfile photo.jpg\n")
    assert len(read_pictures(tmp_path)) == 1


def test_a_video_with_a_title_that_is_not_utf_8_is_read(tmp_path: Path) -> None:
    path = tmp_path / "titled.mkv"
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "Fete du jardin"
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(stream.encode())
    written = path.read_bytes()
    assert b"Fete" in written
    path.write_bytes(written.replace(b"Fete", b"F\xeate"))
    assert [picture.shape for picture in read_pictures(tmp_path)] == [(48, 64, 3)]


def test_a_video_of_a_phone_is_turned_upright(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    path = make(tmp_path / "lying.mp4", *moving(0.2), "-c:v", "libx264")
    with_matrix(path, tmp_path / "pictures" / "turned.mp4", (0, 1, -1, 0))
    (found,) = read_pictures(tmp_path / "pictures")
    with av.open(str(path)) as container:
        lying = next(container.decode(video=0)).to_ndarray(format="bgr24")
    assert np.array_equal(found, np.rot90(lying, -1))


def test_pictures_are_placed_in_several_sizes_and_recorded() -> None:
    pictures = [np.full((40, 80, 3), 200, np.uint8)]
    inputs, record = make_inputs(pictures, "folder", height=64, width=64)
    assert inputs.shape == (3, 64, 64, 3)
    assert sorted(int((one[..., 0] > 0).sum()) for one in inputs) == [38 * 19, 64 * 32, 64 * 48]
    assert (record.source, record.pictures) == ("folder", 3)
    assert make_inputs(pictures, "folder", height=64, width=64)[1] == record
    assert len(make_inputs(pictures * 200, "many", height=32, width=32)[0]) == MOST_INPUTS


def test_int8_is_int8_throughout_and_takes_raw_pixels(converted: Path) -> None:
    file = read_detector(converted / "yunet-320x192.tflite")
    graph = read_graph(file.flatbuffer)
    assert graph.float_operators == ()
    counts = graph.counts()
    assert "QUANTIZE" not in counts
    assert counts["RESIZE_NEAREST_NEIGHBOR"] == 2
    assert file.card.scheme == "int8"
    assert file.card.calibration is not None
    assert file.card.calibration.pictures == 15


def test_both_files_find_the_face_where_the_bundled_one_does(converted: Path) -> None:
    image = cv2.resize(read_picture(sample_photo()), (160, 188), interpolation=cv2.INTER_AREA)
    (wanted,) = DetectorNetwork(read_detector(bundled_detectors()["yunet"])).find(image)
    for name in ("yunet-320x192", "yunet-320x192-float32"):
        (found,) = DetectorNetwork(read_detector(converted / f"{name}.tflite")).find(image)
        assert found[:4] == pytest.approx(wanted[:4], abs=5)
        assert found[4] == pytest.approx(wanted[4], abs=0.1)


def test_the_file_of_one_size_passes_the_edge_tpus_check_and_the_resizable_one_does_not(
    converted: Path,
) -> None:
    for path in (converted / "yunet-320x192.tflite", bundled_detectors()["yunet-320x192"]):
        assert check(read_detector(path).flatbuffer).count("no") == 0
    report = check(read_detector(bundled_detectors()["yunet"]).flatbuffer)
    assert "DEPTH_TO_SPACE" in {row.operator for row in report.rows if row.maps == "no"}


GOOD = DetectorAgreement(
    pictures=9, faces=100, found=1.0, strange=0.0, overlap=0.97, score_difference=0.01
)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"faces": 0}, "OpenCV finds no face in the calibration pictures"),
        ({"found": 0.98}, "finds 98.00% of the 100 faces"),
        ({"strange": 0.02}, "has 2.00% faces that OpenCV does not find"),
        ({"overlap": 0.94}, "overlap OpenCV's by 0.940"),
        ({"overlap": float("nan")}, "overlap OpenCV's by nan"),
    ],
)
def test_the_gate_says_what_a_file_lost(changes: dict[str, float], words: str) -> None:
    fault = DetectorGate().fault(replace(GOOD, **changes))
    assert words in fault
    assert bool(fault) == bool(words)


def test_a_file_that_the_gate_holds_back_is_not_written(
    pictures: Path, tmp_path: Path, fer_edge
) -> None:
    command = ("convert-detector", "--calibration", pictures, "--out", tmp_path / "out")
    result = fer_edge(*command, "--size", "320x192", "--min-overlap", "1", "--json")
    assert result.exit_code == 1
    (told,) = json.loads(result.stdout)
    assert not told["written"]
    assert "overlap OpenCV's" in told["fault"]
    assert not list((tmp_path / "out").glob("*"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--calibration", "MISSING"), "cannot be listed"),
        (("--calibration", "EMPTY"), "has no readable picture or video"),
        (("--calibration", "PICTURES", "--size", "320x190"), "multiples of 32"),
        (("--calibration", "PICTURES", "--size", "big"), "such as 320x192"),
        (("OTHER.onnx", "--calibration", "PICTURES"), "OTHER.onnx cannot be read"),
    ],
)
def test_wrong_input_is_one_clear_line(
    arguments: tuple[str, ...], words: str, pictures: Path, tmp_path: Path, fer_edge
) -> None:
    (tmp_path / "empty").mkdir()
    places = {
        "MISSING": tmp_path / "missing",
        "EMPTY": tmp_path / "empty",
        "PICTURES": pictures,
        "OTHER.onnx": tmp_path / "OTHER.onnx",
    }
    given = [places.get(part, part) for part in arguments]
    result = fer_edge("convert-detector", *given, "--out", tmp_path / "out")
    assert result.exit_code in (1, 2)
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_file_that_exists_is_kept_unless_it_may_be_replaced(
    converted: Path, pictures: Path, fer_edge
) -> None:
    command = ("convert-detector", "--calibration", pictures, "--out", converted)
    result = fer_edge(*command, "--size", "320x192")
    assert_one_clear_line(result, "already exists", "--overwrite")


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(DatasetError, match="has no readable picture or video"):
        read_pictures(tmp_path)
