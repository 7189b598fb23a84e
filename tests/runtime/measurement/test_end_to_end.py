"""End-to-end runs over a video: a separate process measures each stage for the report."""

import dataclasses
import json

import cv2
import numpy as np
import pytest

from benchmarks.report_schema import report_schema
from fer_edge.errors import MissingExtraError, SourceError
from fer_edge.model.bundled import DEFAULT_MODEL, find_model
from fer_edge.model.file import read_model
from fer_edge.pictures.sample_photo import sample_photo
from fer_edge.runtime.measurement.probes.clip import Clip, read_clip
from fer_edge.runtime.measurement.probes.clip_probe import (
    CLIP_STAGES,
    ClipPass,
    ClipRun,
    StageSamples,
    probe,
    run_clip,
)
from fer_edge.runtime.measurement.probes.end_to_end import (
    CameraPace,
    busy_cores,
    per_frame_ms,
    summarize_passes,
)
from fer_edge.runtime.measurement.report.end_to_end_tables import (
    answers,
    camera_table,
    detailed,
    end_to_end_table,
    stages_table,
)
from fer_edge.runtime.measurement.report.html import report_to_html
from fer_edge.runtime.measurement.report.markdown import report_to_markdown
from fer_edge.runtime.measurement.report.report import warnings
from fer_edge.runtime.measurement.report.text import report_to_text
from fer_edge.runtime.tracking.config import FacesConfig
from tests.support.clear_line import assert_one_clear_line
from tests.support.html_page import Page
from tests.support.made_reports import FLOAT, INT8, make_end_to_end, make_model, make_report

FRAMES = 12


@pytest.fixture(scope="module")
def model():
    return find_model(DEFAULT_MODEL)


@pytest.fixture(scope="module")
def face_clip(tmp_path_factory):
    """A clip of the sample photograph, 256 pixels wide, that moves to the right."""
    try:
        photo = cv2.imread(str(sample_photo()))
    except MissingExtraError as error:
        pytest.skip(str(error))
    small = cv2.resize(photo, (256, 256 * photo.shape[0] // photo.shape[1] // 2 * 2))
    path = tmp_path_factory.mktemp("clip") / "face.avi"
    code = cv2.VideoWriter.fourcc(*"MJPG")
    writer = cv2.VideoWriter(str(path), code, 10, small.shape[1::-1])
    for number in range(FRAMES):
        writer.write(np.roll(small, number, axis=1))
    writer.release()
    return path


def test_a_clip_is_read_to_its_end(face_clip):
    clip = read_clip(face_clip)
    assert (clip.frames, clip.width_px, clip.frame_rate_hz) == (FRAMES, 256, 10.0)
    assert clip.height_px % 2 == 0


def test_every_stage_of_every_frame_is_timed_in_a_fresh_process(face_clip, model):
    found = run_clip(ClipRun(str(face_clip), str(model), 1, FacesConfig(every=4)))
    samples = {item.stage: item.samples_ms for item in found.stages}
    assert tuple(samples) == CLIP_STAGES
    assert found.faces == len(found.frames_ms) == FRAMES
    assert found.dropped == 0
    for stage in ("read", "crop", "classify", "smooth", "output"):
        assert len(samples[stage]) == FRAMES, stage
    assert FRAMES / 4 <= len(samples["detect"]) < FRAMES
    stages_ms, frames_ms = sum(map(sum, samples.values())), sum(found.frames_ms)
    assert 0 < stages_ms < frames_ms <= 1e3 * found.wall_s
    assert stages_ms > 0.5 * frames_ms
    assert found.cpu_s > 0
    assert found.detect_size_px == 320
    assert 30 < found.peak_memory_mib < 500


def test_options_reach_the_probe(face_clip, model):
    found = probe(ClipRun(str(face_clip), str(model), 1, FacesConfig(detect_size_px=128, every=1)))
    assert found.detect_size_px == 128
    assert len(next(s.samples_ms for s in found.stages if s.stage == "detect")) == FRAMES
    crops = probe(ClipRun(str(face_clip), str(model), 1, FacesConfig(detector="none")))
    assert crops.faces == FRAMES


@pytest.mark.parametrize("filters", [{"min_score": 1.0}, {"min_face_px": 250.0}])
def test_faces_that_run_would_drop_are_not_classified(face_clip, model, filters):
    found = run_clip(ClipRun(str(face_clip), str(model), 1, FacesConfig(**filters)))
    assert found.faces == 0


def test_a_process_that_fails_says_why(tmp_path, model):
    with pytest.raises(SourceError, match=r"gone\.avi cannot be read with .*gone\.avi does not"):
        run_clip(ClipRun(str(tmp_path / "gone.avi"), str(model), 1, FacesConfig()))


def test_at_a_cameras_pace_a_late_frame_is_dropped(face_clip, model):
    found = run_clip(ClipRun(str(face_clip), str(model), 1, FacesConfig(), rate_hz=40.0))
    # frames before the first request are not counted; on a busy machine these are a few
    assert FRAMES / 2 < len(found.frames_ms) + found.dropped <= FRAMES
    assert found.wall_s > FRAMES / 2 / 40  # less than 11 / 40 if this process had to wait
    hurried = probe(ClipRun(str(face_clip), str(model), 1, FacesConfig(every=1), rate_hz=5000.0))
    assert hurried.dropped > 0
    assert len(hurried.frames_ms) + hurried.dropped <= FRAMES


def make_pass(frames_ms, detect_ms, *, cpu_s, peak_mib=90.0):
    stages = [("read", [1.0] * len(frames_ms)), ("detect", detect_ms), ("track", [])]
    return ClipPass(
        faces=len(frames_ms),
        dropped=0,
        wall_s=sum(frames_ms) / 1e3,
        cpu_s=cpu_s,
        peak_memory_mib=peak_mib,
        opencv_threads=2,
        detect_size_px=320,
        frames_ms=tuple(frames_ms),
        stages=tuple(StageSamples(stage, tuple(ms)) for stage, ms in stages),
    )


def test_passes_are_put_together_with_every_frame(tmp_path):
    clip = Clip(tmp_path / "clip.avi", 4, 64, 48, 10.0)
    passes = [
        make_pass([10.0, 10.0, 10.0, 10.0], [8.0], cpu_s=0.08),
        make_pass([30.0, 10.0, 10.0, 10.0], [16.0], cpu_s=0.12, peak_mib=95.0),
    ]
    paced = [dataclasses.replace(passes[0], wall_s=0.2, dropped=2), passes[1]]
    found = summarize_passes(
        clip, passes, paced, model=1, threads=2, detection=FacesConfig(every=3)
    )
    assert found.frames_per_second == pytest.approx(80)
    assert found.pass_rates_hz == pytest.approx((100, 66.67), rel=1e-3)
    assert found.cpu_cores == pytest.approx(2.0)
    assert found.cpu_ms_per_frame == pytest.approx(25)
    assert busy_cores(found, 30) == pytest.approx(0.75)
    assert found.peak_memory_mib == 95
    assert (found.frames, found.whole.frames, found.whole.median_ms) == (4, 8, 10)
    assert [item.stage for item in found.stages] == ["read", "detect"]
    detect = found.stages[1]
    assert (detect.frames, detect.median_ms, detect.per_frame_ms) == (2, 12, 3)
    assert per_frame_ms(found, "detect", "track") == 3
    assert (found.camera.frames, found.camera.dropped) == (10, 2)
    assert found.camera.cpu_cores == pytest.approx(0.2 / 0.26)
    assert found.camera.delay_median_ms == 10


def test_the_owners_question_is_answered_in_a_sentence():
    [text] = answers(make_report(FLOAT, INT8, end_to_end=(make_end_to_end(),)))
    assert text == (
        "float32 with 1 thread processes 80.0 frames per second of clip.mp4 (640x360, 1 face per "
        "frame) and keeps up with a camera's 30. At that rate it dropped 1 of 180 frames and kept "
        "0.50 of 4 cores busy, which leaves 3.50 (computed: 15.0 ms of processor time per frame at "
        "full speed, times 30, is 0.45 cores)."
    )
    pace = CameraPace(30.0, 180, 105, 3.9, 80.0, 95.0)
    slow = make_end_to_end(frames_per_second=12.5, faces=270, camera=pace)
    [text] = answers(make_report(FLOAT, end_to_end=(slow,)))
    assert (
        "processes 12.5 frames per second of clip.mp4 (640x360, 3 faces per frame) and does not"
        in text
    )
    assert text.endswith("105 of 180 frames and kept 3.90 of 4 cores busy, which leaves 0.10.")
    crowd = make_end_to_end(faces=100 * slow.frames)
    assert ", 100 faces per frame)" in answers(make_report(FLOAT, end_to_end=(crowd,)))[0]
    pace = CameraPace(30.0, 180, 9, 0.5, 6.0, 70.0)
    [text] = answers(make_report(FLOAT, end_to_end=(make_end_to_end(camera=pace),)))
    assert "and on average keeps up with a camera's 30. At that rate it dropped 9 of 180" in text


def test_the_answer_is_the_verdicts_model_and_one_per_video():
    entries = [
        make_end_to_end(source=source, model=model, threads=threads)
        for source in ("a.mp4", "b.mp4")
        for model in (0, 1)
        for threads in (1, 2)
    ]
    models = (make_model("float32", threads=(1, 2)), make_model("int8 ptq", threads=(1, 2)))
    report = make_report(*models, reference=0, end_to_end=tuple(entries))
    said = answers(report)
    assert [text.split(" processes ")[0] for text in said] == ["int8 ptq with 1 thread"] * 2
    assert "a.mp4" in said[0]
    assert "b.mp4" in said[1]
    assert len(end_to_end_table(report).rows) == 8
    assert {row[1] for row in end_to_end_table(report).rows} == {"a.mp4", "b.mp4"}
    assert len(detailed(report)) == 4


def test_detector_and_classifier_stand_apart():
    report = make_report(FLOAT, end_to_end=(make_end_to_end(),))
    table = end_to_end_table(report)
    row = dict(zip(table.header, table.rows[0], strict=True))
    assert row["detector, ms per frame"] == "3.00"
    assert row["classifier, ms per frame"] == "0.900"
    table = camera_table(report)
    row = dict(zip(table.header, table.rows[0], strict=True))
    assert (row["cores busy"], row["cores, computed"]) == ("0.50", "0.45")
    assert row["dropped"] == "1 of 180"
    stages = stages_table(report, make_end_to_end())
    assert [row[0] for row in stages.rows] == [*CLIP_STAGES, "frame"]


def test_what_a_video_gave_is_in_every_rendering():
    report = make_report(FLOAT, INT8, reference=0, end_to_end=(make_end_to_end(model=1),))
    page = Page(report_to_html(report))
    assert any("clip.mp4" in chart["aria-label"] for chart in page.all("svg"))
    assert "2.50 ms" in "".join(page.text)
    for text in ("".join(page.text), report_to_markdown(report), report_to_text(report)):
        assert "clip.mp4, int8 ptq with 1 thread: 80.0 frames per second" in text
        assert "keeps up with a camera's 30" in text
        assert "clip.mp4 at 30 frames per second" in text


def test_a_clip_without_a_face_is_warned_of():
    report = make_report(FLOAT, end_to_end=(make_end_to_end(faces=0),))
    assert warnings(report)[-1].startswith("no face was found in clips/clip.mp4")


@pytest.mark.slow
def test_models_take_turns_over_the_videos_and_the_report_has_them(
    fer_edge, model, face_clip, clip, tmp_path
):
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    bare = tmp_path / "bare.tflite"
    bare.write_bytes(read_model(model).flatbuffer)
    result = fer_edge(
        *("benchmark", bare, model, "--video", face_clip, "--video", clip, "--quick", "--json"),
        *("--every", 2, "--report", tmp_path / "report"),
    )
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    jsonschema.Draft202012Validator(report_schema()).validate(data)
    face, noise = data["end_to_end"]
    assert (face["source"], noise["source"]) == (str(face_clip), str(clip))
    assert face["model"] == noise["model"] == 1  # not 0: without a card it cannot read faces
    assert (face["faces"], face["every"], face["threads"]) == (FRAMES, 2, 1)
    assert face["frames_per_second"] > 0
    assert len(face["pass_rates_hz"]) == 1
    assert face["camera"]["frames"] == FRAMES
    assert "classify" not in [stage["stage"] for stage in noise["stages"]]
    assert "with a camera's 30" in (tmp_path / "report" / "report.md").read_text("utf-8")


def test_what_is_no_video_is_one_clear_line_before_anything_is_measured(
    fer_edge, model, picture, tmp_path
):
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("no video")
    code = cv2.VideoWriter.fourcc(*"MJPG")
    cv2.VideoWriter(str(tmp_path / "none.avi"), code, 10, (64, 48)).release()
    for path, words in (
        (tmp_path / "gone.mp4", "does not exist"),
        (tmp_path / "empty.mp4", "is empty"),
        (tmp_path / "text.mp4", "neither a picture nor a video"),
        (tmp_path / "none.avi", "none.avi"),
        (picture, "contains pictures, expected a video"),
        (picture.parent, "contains pictures, expected a video"),
    ):
        result = fer_edge("benchmark", model, "--video", path, "--report", tmp_path / "report")
        assert_one_clear_line(result, words, str(path))
        assert not (tmp_path / "report").exists()


def test_a_video_needs_a_model_that_can_read_it(fer_edge, model, clip, tmp_path):
    bare = tmp_path / "bare.tflite"
    bare.write_bytes(read_model(model).flatbuffer)
    assert_one_clear_line(fer_edge("benchmark", bare, "--video", clip), "bare.tflite", "card")


def test_a_detector_without_its_model_is_one_clear_line(fer_edge, model, clip):
    result = fer_edge("benchmark", model, "--video", clip, "--detector", "blazeface")
    assert_one_clear_line(result, "--detector-model")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--every", 2), "--every needs --video"),
        (("--detect-size", 640), "--detect-size needs --video"),
        (("--detector-delegate", "edgetpu"), "--detector-delegate needs --video"),
        (("--max-faces", 1), "--max-faces needs --video"),
        (("--video", "a.mp4", "--video", "a.mp4"), "is given twice"),
    ],
)
def test_options_that_do_not_fit_are_a_wrong_command_line(fer_edge, model, options, words):
    result = fer_edge("benchmark", model, *options)
    assert result.exit_code == 2
    assert words in result.stderr
