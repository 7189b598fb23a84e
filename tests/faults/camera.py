"""A Motion JPEG network camera that can be killed: `python -m tests.faults.camera PORT`."""

import http.server
import subprocess
import sys
from pathlib import Path

from tests.support.stream_servers import MotionJpeg


class Endless(MotionJpeg):
    """A stream of about 80 frames per second that does not end during a trial."""

    frames = 1_000_000


class Camera:
    """The camera in a separate process; a context manager."""

    def __init__(self) -> None:
        self.port = 0
        self.start()

    def start(self) -> None:
        """Start the camera: at a free port the first time, later at the port that it had."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.camera", str(self.port)],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def kill(self) -> None:
        """Kill the camera, as if it were unplugged."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def __enter__(self) -> "Camera":
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()

    @property
    def url(self) -> str:
        """Address of the camera, with secrets that must not be shown."""
        return f"http://anna:planted-password@127.0.0.1:{self.port}/video?key=planted-key"


def main() -> None:
    """Print the port on standard output, then serve until the process is killed."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Endless)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
