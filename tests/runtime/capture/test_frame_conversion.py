"""Decoded frames are freed after use."""

import gc
from pathlib import Path

import pytest
from av.video.frame import VideoFrame

from fer_edge.runtime.capture.video import Video

from ...support.made_videos import make, moving

TURNED = ("-metadata:s:v", "rotate=90")


def frames_alive() -> int:
    return sum(isinstance(each, VideoFrame) for each in gc.get_objects())


@pytest.mark.parametrize("turned", [False, True])
def test_a_frame_is_freed_without_the_collector(tmp_path: Path, *, turned: bool) -> None:
    path = make(tmp_path / "keys.mkv", *moving(1), "-c:v", "libx264", "-g", "1")
    if turned:  # the file then has a display matrix
        path = make(tmp_path / "turned.mp4", "-i", path, "-c", "copy", *TURNED)
    gc.collect()
    before = frames_alive()
    gc.disable()
    try:
        video = Video(path)
        count = sum(1 for _ in video)
        video.close()
        assert count == 25
        # the decoder's last frames are freed with the variables of the loop
        assert frames_alive() - before <= 2
    finally:
        gc.enable()
