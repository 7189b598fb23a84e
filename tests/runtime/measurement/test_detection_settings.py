"""Settings of face detection in a benchmark: as in `fer-edge run`, and stated in the report."""

import json
import shutil
import subprocess

import cv2
import numpy as np
import pytest

from fer_edge.detector.file import bundled_detectors
from fer_edge.errors import ConfigError, DeployError
from fer_edge.runtime import QUICK, benchmark
from fer_edge.runtime.measurement import remote
from fer_edge.runtime.measurement.report.end_to_end_tables import stages_table
from fer_edge.runtime.tracking.config import FacesConfig
from tests.support.made_reports import FLOAT, make_end_to_end, make_report

# a delegate that takes no operator and, like an Edge TPU, serves one process at a time
ONE_PROCESS = r"""
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

typedef struct Delegate {
  void* data;
  int (*prepare)(void* context, struct Delegate* self);
  void* unused[3];
  int64_t flags;
  void* opaque_delegate_builder;
} Delegate;

static int users, file;

static int prepare(void* context, Delegate* self) { return 0; }

Delegate* tflite_plugin_create_delegate(char** keys, char** values, size_t count,
                                        void (*report)(const char*)) {
  if (!users) {
    file = open("PLACE", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (flock(file, LOCK_EX | LOCK_NB)) {
      close(file);
      report("in use by another process");
      return NULL;
    }
  }
  users++;
  Delegate* made = calloc(1, sizeof(Delegate));
  made->prepare = prepare;
  return made;
}

void tflite_plugin_destroy_delegate(Delegate* made) {
  free(made);
  if (!--users) close(file);
}
"""


@pytest.fixture
def tall_clip(tmp_path):
    """A clip of 6 gray frames, 200 pixels wide and 400 pixels high."""
    path = tmp_path / "tall.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (200, 400))
    for _ in range(6):
        writer.write(np.full((400, 200, 3), 128, np.uint8))
    writer.release()
    return path


@pytest.mark.slow
def test_a_detector_on_a_delegate_is_measured_there_and_the_report_says_so(
    fer_edge, tall_clip, tmp_path
):
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed, which compiles the stand-in delegate")
    library, code = tmp_path / "libdelegate.so", tmp_path / "delegate.c"
    code.write_text(ONE_PROCESS.replace("PLACE", str(tmp_path / "lock")), "ascii")
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, code], check=True)
    detector = bundled_detectors()["yunet-320x192"]
    result = fer_edge(
        *("benchmark", "tiny", "--video", tall_clip, "--quick", "--json"),
        *("--detector-model", detector, "--detector-delegate", library),
        *("--min-score", 0.7, "--min-face", 48, "--max-faces", 3),
    )
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    [found], [look] = data["end_to_end"], data["looks"]
    assert (found["detector_model"], found["detector_delegate"]) == (str(detector), str(library))
    assert (found["min_score"], found["min_face_px"], found["max_faces"]) == (0.7, 48, 3)
    assert look["detector_delegate"] == str(library)
    assert (look["width_px"], look["height_px"]) == (96, 192)  # what fits into its input
    assert look["macs"] is look["share_of_limit"] is None


def test_the_settings_of_detection_stand_with_the_stages():
    found = make_end_to_end(
        detector_model="detectors/mine.tflite",
        detector_delegate="edgetpu",
        min_score=0.75,
        min_face_px=48.0,
        max_faces=3,
    )
    report = make_report(FLOAT, end_to_end=(found,))
    assert (
        "Detector: yunet (mine.tflite) on edgetpu, shrunk to 320 pixels, in one frame of 5, "
        "scores from 0.75, faces from 48 pixels, at most 3 faces per frame; OpenCV"
    ) in stages_table(report, found).note
    note = stages_table(report, make_end_to_end(every=1)).note
    assert "Detector: yunet, shrunk to 320 pixels, in every frame; OpenCV" in note


def test_settings_of_detection_without_a_video_are_refused():
    with pytest.raises(ConfigError, match=r"expected videos .* got none"):
        benchmark("tiny", plan=QUICK, detection=FacesConfig(every=2))


def test_a_video_given_twice_is_refused(tall_clip):
    with pytest.raises(ConfigError, match=r"tall\.avi twice"):
        benchmark("tiny", plan=QUICK, videos=[tall_clip, str(tall_clip)])


@pytest.mark.slow
def test_other_devices_measure_with_the_same_settings(fer_edge, clip, monkeypatch):
    errands = []

    def measure_there(host, errand, ssh_config, *, name):
        errands.append(errand)
        assert name == "gate"
        raise DeployError("enough")

    monkeypatch.setattr(remote, "measure_there", measure_there)
    settings = ("--every", "2", "--min-score", "0.7", "--min-face", "48.0", "--max-faces", "3")
    detector = bundled_detectors()["yunet-320x192"]
    fer_edge(
        *("benchmark", "tiny", "--video", clip, "--quick", "--on", "door", "--name", "gate"),
        *("--detector-model", detector, *settings),
    )
    [errand] = errands
    assert errand.options == ("--quick", *settings)
    assert errand.detector_model == detector  # a file, which is sent


@pytest.mark.parametrize("command", [("benchmark", "tiny", "--quick"), ("doctor",)])
@pytest.mark.parametrize("option", [("--name", "gate"), ("--ssh-config", "config")])
def test_an_option_of_a_device_without_a_device_is_refused(fer_edge, command, option):
    result = fer_edge(*command, *option)
    assert result.exit_code == 2
    assert option[0] in result.stderr
    assert result.stderr.endswith("--on HOST\n")
