"""`fer-edge run` as a separate process."""

import json
import subprocess
import sys

RUN = [sys.executable, "-m", "fer_edge", "run"]


def read_one_line_and_go(*options: object) -> None:
    """Act like `| head -1`: read one line and close the pipe; the run must end without an error."""
    with subprocess.Popen(
        [*RUN, *map(str, options)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        assert json.loads(process.stdout.readline())["frame"] == 0
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
