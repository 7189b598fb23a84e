"""Worker process: it runs a package in its environment, and is controlled by lines of JSON."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .environments import Rival


class Worker:
    """A running package, restricted to one CPU core; a context manager."""

    def __init__(self, rival: Rival, clip: Path, shape: tuple[int, ...], core: int) -> None:
        self.rival = rival
        environment = {
            **os.environ,
            "RIVAL_HOME": rival.home,
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "CUDA_VISIBLE_DEVICES": "",
            "PYTHONWARNINGS": "ignore",
        }
        self._process = subprocess.Popen(
            [*rival.worker, str(clip), *map(str, shape[:3])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
        self._answer()

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.wait()

    def ask(self, **command: Any) -> dict[str, Any]:
        """Send a command and return the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def labels(self, faces: NDArray[np.uint8]) -> NDArray[np.str_]:
        """Return the package's label for each face; faces are uint8 (n, side, side)."""
        with tempfile.NamedTemporaryFile() as file:
            file.write(faces.tobytes())
            file.flush()
            count, side = faces.shape[:2]
            answer = self.ask(do="faces", file=file.name, count=count, side=side)
        return np.array(answer["labels"])

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            sys.exit(
                f"the worker of {self.rival.name} stopped; run it by hand to see why: "
                f"RIVAL_HOME={self.rival.home} {' '.join(self.rival.worker)} FILE COUNT HEIGHT "
                "WIDTH"
            )
        answer: dict[str, Any] = json.loads(line)
        return answer
