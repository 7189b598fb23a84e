"""Protocol of the workers, also of the one in Node: one JSON object per line.

A worker runs in the environment of its package, so this file imports only numpy. Commands:

    {"do": "faces", "file": F, "count": N, "side": S}   N gray faces, raw    -> {"labels": [...]}
    {"do": "face_ms", "runs": N}                        one face, N times    -> {"ms": [...]}
    {"do": "frames_ms"}                                 every frame once     -> {"ms": [...],
                                                           and CPU time:         "cpu_ms": [...]}
    {"do": "memory"}                                    peak resident set    -> {"mb": M}

Its arguments describe the file of the clip's raw BGR frames: FILE COUNT HEIGHT WIDTH.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np


def serve(read_face: Callable, read_frame: Callable) -> None:
    """Answer commands until standard input ends.

    Args:
        read_face: Returns the label of one gray face crop, uint8 (side, side), including the
            preprocessing of the package.
        read_frame: Processes one frame, uint8 (height, width, 3), BGR, including detection.
    """
    file, count, height, width = sys.argv[1], *map(int, sys.argv[2:5])
    frames = np.fromfile(file, np.uint8).reshape(count, height, width, 3)
    face = np.full((48, 48), 128, np.uint8)
    answer = sys.stdout
    sys.stdout = sys.stderr  # output of the package must not disturb the protocol
    answer.write('{"ready": true}\n')
    answer.flush()
    for line in sys.stdin:
        command = json.loads(line)
        if command["do"] == "faces":
            shape = (command["count"], command["side"], command["side"])
            faces = np.fromfile(command["file"], np.uint8).reshape(shape)
            face = faces[0]
            reply = {"labels": [read_face(item) for item in faces]}
        elif command["do"] == "face_ms":
            reply = {"ms": [_timed(read_face, face) for _ in range(command["runs"])]}
        elif command["do"] == "frames_ms":
            started = [time.process_time()]
            reply = {"ms": []}
            for frame in frames:
                reply["ms"].append(_timed(read_frame, frame))
                started.append(time.process_time())
            reply["cpu_ms"] = list(1e3 * np.diff(started))
        else:
            reply = {"mb": _peak_mb()}
        answer.write(json.dumps(reply) + "\n")
        answer.flush()


def _timed(work: Callable, item: np.ndarray) -> float:
    started = time.perf_counter()
    work(item)
    return 1e3 * (time.perf_counter() - started)


def _peak_mb() -> float:
    for line in Path("/proc/self/status").read_text("ascii", "replace").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return float("nan")
