"""Modules that `fer-edge run` imports: each unneeded one delays its first line."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

LOADED = """
import sys
from fer_edge.cli.main import main
main(sys.argv[1:], standalone_mode=False)
print("loaded:", *sys.modules)
"""
OTHER_OUTPUTS = (
    *("fer_edge.runtime.drawing", "fer_edge.runtime.publish.window"),
    *("fer_edge.runtime.publish.mqtt.broker", "fer_edge.runtime.publish.web.app"),
    *("fer_edge.runtime.publish.files.video_encoder", "fer_edge.runtime.publish.summary"),
    *("PIL", "starlette", "uvicorn", "paho"),
)
OTHER_COMMANDS = (
    *("fer_edge.training", "fer_edge.converters", "fer_edge.runtime.measurement"),
    *("fer_edge.runtime.device", "fer_edge.runtime.run.service", "fer_edge.cli.card_command"),
)
CAMERAS = tuple(f"fer_edge.runtime.capture.{name}" for name in ("camera", "pi_camera", "live"))
COMPARING = ("fer_edge.runtime.recognition.comparer",)
FFMPEG = ("av", "fer_edge.runtime.capture.video", "fer_edge.runtime.capture.stream")
FOLLOWING = ("fer_edge.runtime.tracking.flow_tracker",)


def loaded_by(*arguments: str) -> set[str]:
    """Run a command in a separate process; return the names of all modules that it imported."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("loaded: ")[2].split())


def among(loaded: set[str], names: tuple[str, ...]) -> set[str]:
    """Return the loaded modules that are one of the names, or a submodule of one."""
    return {module for module in loaded for name in names if f"{module}.".startswith(f"{name}.")}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("startup")
    picture = np.full((96, 128, 3), 90, np.uint8)
    cv2.imwrite(str(folder / "photo.jpg"), picture)
    writer = cv2.VideoWriter(
        str(folder / "clip.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 25, (128, 96)
    )
    for _ in range(3):
        writer.write(picture)
    writer.release()
    return {"picture": folder / "photo.jpg", "video": folder / "clip.avi"}


@pytest.mark.parametrize(
    ("kind", "needed", "unneeded"),
    [
        ("picture", (), (*FFMPEG, *FOLLOWING)),
        ("video", (*FFMPEG[:2], *FOLLOWING), FFMPEG[2:]),
    ],
)
def test_a_run_loads_what_its_source_and_outputs_need(
    places: dict[str, Path], kind: str, needed: tuple[str, ...], unneeded: tuple[str, ...]
) -> None:
    loaded = loaded_by("run", "--input", str(places[kind]))
    assert loaded >= {"numpy", "cv2", *needed}
    others = (*OTHER_OUTPUTS, *OTHER_COMMANDS, *CAMERAS, *COMPARING, *unneeded)
    assert not among(loaded, others)


def test_an_option_loads_what_it_asks_for(places: dict[str, Path], tmp_path: Path) -> None:
    drawn = tmp_path / "drawn.jpg"
    loaded = loaded_by(
        *("run", "--input", str(places["picture"]), "--quiet", "--annotate", str(drawn)),
        *("--compare", "tiny"),
    )
    assert among(loaded, OTHER_OUTPUTS[:1])
    assert among(loaded, COMPARING)


def test_the_options_of_a_run_load_no_library_that_computes() -> None:
    loaded = loaded_by("run", "--help")
    assert "fer_edge.runtime.run.config" in loaded
    assert not among(loaded, ("numpy", "cv2", "av", "ai_edge_litert", *OTHER_COMMANDS))
