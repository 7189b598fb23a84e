"""The limits hold while FFmpeg opens a file."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image

from ...support.made_pictures import encode


def test_no_more_pixels_are_decoded_than_the_limit_while_a_file_is_opened(tmp_path: Path) -> None:
    png = encode(Image.new("L", (12_000, 12_000)), "PNG")  # 144 MB in each track
    path = tmp_path / "tracks.avi"
    with av.open(str(path), "w") as container:
        for _ in range(3):
            track = container.add_stream("png", rate=1)
            track.width, track.height, track.pix_fmt = 640, 480, "gray"
        for track in container.streams.video:
            packet = av.Packet(png)
            packet.stream, packet.pts, packet.dts = track, 0, 0
            packet.time_base = Fraction(1, 1)
            container.mux(packet)
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from fer_edge.errors import SourceError\n"
        "from fer_edge.runtime.capture.video import Video\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n"
        "    list(Video(Path(sys.argv[1])))\n"
        "except SourceError:\n"
        "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    child = subprocess.run([sys.executable, "-c", code, path], capture_output=True, check=True)
    assert int(child.stdout) < 100 << 10
