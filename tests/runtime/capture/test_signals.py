import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from fer_edge.cli.interrupt import ending_at_once
from fer_edge.inference.model import TFLiteModel, open_model
from fer_edge.model.bundled import DEFAULT_MODEL, find_model
from fer_edge.runtime.capture.signals import Signals
from fer_edge.runtime.detection.opening import open_detector
from fer_edge.runtime.recognition.model_reload import reload_model
from fer_edge.runtime.recognition.reader import Reader

LOOP = """
import logging, sys, threading, time
import numpy as np
from pathlib import Path
from fer_edge.inference.model import open_model
from fer_edge.cli.interrupt import ending_at_once
from fer_edge.runtime.capture.signals import Signals
from fer_edge.runtime.detection.opening import open_detector
from fer_edge.runtime.capture.frame import Frame
from fer_edge.runtime.capture.own_source import CheckedSource
from fer_edge.runtime.recognition.model_reload import reload_model
from fer_edge.runtime.publish.pipeline import run_to_end
from fer_edge.runtime.recognition.reader import Reader
from fer_edge.runtime.publish.files.annotated_video import AnnotatedVideo
from fer_edge.runtime.publish.files.json_lines import JsonLines, JsonLinesFile


class Endless:
    '''Frames at 20 Hz; after `stall` of them none, until it is closed.'''
    is_video, is_live, frame_rate_hz, length, dropped = True, True, 20.0, None, 0

    def __init__(self, stall):
        self.stall, self.changed, self.over = stall, threading.Condition(), False

    def __iter__(self):
        index = 0
        while not self.over:
            with self.changed:
                if index == self.stall:
                    print("stalled", flush=True)
                    self.changed.wait_for(lambda: self.over)
                else:
                    self.changed.wait_for(lambda: self.over, 0.05)
            if not self.over:
                yield Frame(np.full((120, 160, 3), index % 256, np.uint8), index, 0.05 * index, "x")
            index += 1

    def close(self):
        with self.changed:
            self.over = True
            self.changed.notify_all()


logging.basicConfig()
logging.getLogger(reload_model.__module__).setLevel(logging.INFO)
folder, stall, model = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
source = Endless(stall)
if sys.argv[4] != "own":  # it declares a length, and may wait for a frame all the same
    source.length = 100
    if sys.argv[4] == "impolite":  # a read after the end of the wait fails
        plain = iter(source)
        def frames():
            yield from plain
            raise ValueError("read of closed file")
        source.__class__ = type("Impolite", (Endless,), {"__iter__": lambda self: frames()})
    source = CheckedSource(source)
sinks = [lambda: JsonLines(sys.stdout), lambda: JsonLinesFile(folder / "out.jsonl"),
         lambda: AnnotatedVideo(folder / "out.avi", source)]
with Reader(open_model(model), open_detector("none", None, min_score=0.6)) as reader:
    run_to_end(source, reader, sinks,
               on_reload=lambda: reload_model(reader, lambda: open_model(model)))
print("ended", flush=True)
"""
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    def start(
        *, stall: int = -1, model: Path | None = None, kind: str = "own"
    ) -> "subprocess.Popen[str]":
        model = model or find_model(DEFAULT_MODEL)
        process = subprocess.Popen(
            [sys.executable, "-c", LOOP, tmp_path, str(stall), model, kind],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline().startswith("{")
        return process

    return start


def end(process: "subprocess.Popen[str]", number: signal.Signals) -> tuple[float, str]:
    started = time.monotonic()
    process.send_signal(number)
    out, _ = process.communicate(timeout=20)
    return time.monotonic() - started, out


def wait_for_line(process: "subprocess.Popen[str]", words: str) -> None:
    """Wait for a line on standard error; other lines are LiteRT's, which the program suppresses."""
    assert process.stderr is not None
    kill = threading.Timer(60, process.kill)
    kill.start()
    while words not in (line := process.stderr.readline()):
        assert "XNNPACK" in line, line or f"no line with {words!r}"
    kill.cancel()


def check_outputs(folder: Path) -> None:
    frames = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]
    assert [record["frame"] for record in frames] == list(range(len(frames)))
    capture = cv2.VideoCapture(str(folder / "out.avi"))
    assert int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) == len(frames) > 0
    assert capture.read()[0]
    assert {path.name for path in folder.iterdir()} == {"out.jsonl", "out.avi"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_run_with_every_file_whole(
    start: Start, tmp_path: Path, number: signal.Signals
) -> None:
    process = start()
    assert process.stdout is not None
    for _ in range(3):
        assert process.stdout.readline().startswith("{")
    _, out = end(process, number)
    assert process.returncode == 0
    assert out.endswith("ended\n")
    check_outputs(tmp_path)


@pytest.mark.parametrize("kind", ["own", "plugin", "impolite"])
def test_a_stalled_source_does_not_hold_up_the_end(start: Start, tmp_path: Path, kind: str) -> None:
    process = start(stall=3, kind=kind)
    assert process.stdout is not None
    while process.stdout.readline() != "stalled\n":
        pass
    took_s, _ = end(process, signal.SIGTERM)
    assert process.returncode == 0
    assert took_s < 2
    check_outputs(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_that_is_sent_twice_is_one(number: signal.Signals) -> None:
    code = f"""
import os
from fer_edge.runtime.capture.signals import Signals
with Signals() as signals:
    os.kill(os.getpid(), {int(number)})
    assert signals.stop_requested
    os.kill(os.getpid(), {int(number)})  # `timeout`, `uv run`
    print("finished")
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"finished\n", b"")


def test_a_later_signal_ends_at_once() -> None:
    code = """
import signal, time
from fer_edge.runtime.capture import signals
signals.SAME_REQUEST_S = 0.1
with signals.Signals() as asked:
    print("ready", flush=True)
    while not asked.stop_requested:
        time.sleep(0.01)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    print("asked", flush=True)
    signal.sigwait({signal.SIGALRM})  # native code: Python's handlers would have to wait
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.terminate()
    assert process.stdout.readline() == "asked\n"
    deadline = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < deadline:
        process.terminate()
        time.sleep(0.02)
    process.kill()
    assert process.wait(5) == -signal.SIGTERM
    process.stdout.close()


def test_a_bad_model_file_leaves_the_old_one_at_work_and_a_good_one_is_taken(
    start: Start, tmp_path: Path
) -> None:
    model = tmp_path / "model" / "m.tflite"
    model.parent.mkdir()
    shutil.copy(find_model(DEFAULT_MODEL), model)
    process = start(model=model)
    model.write_bytes(model.read_bytes()[:5000])
    process.send_signal(signal.SIGHUP)
    wait_for_line(process, "the current model is kept: ")
    shutil.copy(find_model(DEFAULT_MODEL), model)
    process.send_signal(signal.SIGHUP)
    wait_for_line(process, "m.tflite was reloaded")
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 0
    shutil.rmtree(model.parent)
    check_outputs(tmp_path)


def test_a_model_is_swapped_only_for_one_with_the_same_labels(
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = find_model(DEFAULT_MODEL)
    with Reader(open_model(path), open_detector("none", None, min_score=0.6)) as reader:
        before = reader.model

        def others() -> TFLiteModel:
            opened = open_model(path)
            opened.labels = ("glad", *opened.labels[1:])
            return opened

        assert not reload_model(reader, others)
        assert reader.model is before
        assert "restart to use other labels" in caplog.text
        assert reload_model(reader, lambda: open_model(path))
        assert reader.model is not before
        assert before._interpreter is None  # the old model is freed


def test_a_closed_terminal_ends_the_run() -> None:
    code = (
        "import time\nfrom fer_edge.runtime.capture.signals import Signals\n"
        "with Signals() as signals:\n"
        "    print('ready', flush=True)\n"
        "    while not signals.stop_requested: time.sleep(0.01)\n"
        "    assert not signals.reload_requested\n"
    )
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-c", code])
    said = b""
    while b"\n" not in said:
        said += os.read(terminal, 100)
    os.close(terminal)  # now the kernel sends SIGHUP
    for _ in range(100):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        time.sleep(0.05)
    else:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert ended
    assert os.waitstatus_to_exitcode(status) == 0


def test_until_the_loop_begins_ctrl_c_is_the_kernels() -> None:
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with ending_at_once():
            assert signal.getsignal(signal.SIGINT) == signal.SIG_DFL
            with Signals():
                assert signal.getsignal(signal.SIGINT) not in (signal.SIG_DFL, signal.SIG_IGN)
            assert signal.getsignal(signal.SIGINT) == signal.SIG_DFL
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # as nohup does
        with ending_at_once():
            assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
