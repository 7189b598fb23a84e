"""The end of a command's process: exit code and output."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

HANGING = """
import ctypes, sys, threading, time
sys.argv = ["fer-edge", *{arguments!r}]
library = ctypes.CDLL(None)  # its calls release Python's lock, as FFmpeg's do

def hang():
    while True:
        library.usleep(200)  # it takes the lock again and again during Python's shutdown

for _ in range(8):
    threading.Thread(target=hang, daemon=True).start()
import atexit
atexit.register(lambda: print("at exit"))
from fer_edge.cli.program import program
program()
"""


INTERRUPTIBLE = """
import sys
print(flush=True)
sys.argv[0] = "fer-edge"
import fer_edge.cli.program as program
program.program()
"""


@pytest.mark.parametrize(("arguments", "code"), [(["models"], 0), (["run"], 2)])
def test_a_thread_that_hangs_changes_neither_the_exit_code_nor_what_was_printed(
    arguments: list[str], code: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HANGING.format(arguments=arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "at exit" in done.stdout
    assert ("compact" in done.stdout) == (code == 0)


def test_a_pipe_that_nobody_reads_is_no_traceback() -> None:
    command = f"{sys.executable} -m fer_edge models --json | head -c 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert done.stdout.splitlines()[-1].lstrip("{[") == "0"


def shell(line: str) -> "subprocess.CompletedProcess[str]":
    """Run a line of bash, in which `F` stands for fer-edge."""
    line = line.replace("F ", f"{sys.executable} -m fer_edge ")
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("card verify compact FILE compact", "not a TFLite model"),
        ("models", ""),
        ("card show compact FILE", "not a TFLite model"),
    ],
)
def test_a_command_whose_reader_has_ended_goes_on_to_its_verdict(
    arguments: str, words: str, tmp_path: Path
) -> None:
    (tmp_path / "broken.tflite").write_bytes(b"broken")
    line = f"F {arguments.replace('FILE', str(tmp_path / 'broken.tflite'))}"
    code = 1 if words else 0
    for flag in ("env -u PYTHONUNBUFFERED ", "PYTHONUNBUFFERED=1 "):
        done = shell(f"{flag}{line} | true; exit ${{PIPESTATUS[0]}}")
        assert done.returncode == code
        assert words in done.stderr
        assert len(done.stderr.splitlines()) == code
    done = shell(f"{line} 2>&1 | true; exit ${{PIPESTATUS[0]}}")
    assert (done.returncode, done.stderr) == (code, "")


@pytest.mark.parametrize("option", ["--help", "--version", "models --help"])
def test_what_options_print_fails_like_what_commands_print(option: str) -> None:
    done = shell(f"F {option} >/dev/full")
    assert (done.returncode, done.stderr) == (1, "fer-edge: error: No space left on device\n")
    done = shell(f"F {option} | true; exit ${{PIPESTATUS[0]}}")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("--nooption", 2),
        ("run --nooption", 2),
        ("card show nothing", 1),
        ("models", 0),
        ("data", 2),
    ],
)
def test_a_broken_standard_error_changes_no_exit_code(arguments: str, code: int) -> None:
    assert shell(f"F {arguments} 2>/dev/full").returncode == code
    assert shell(f"F {arguments} 2>&-").returncode == code


def test_a_group_without_a_command_prints_its_help_once() -> None:
    done = shell("F data")
    assert done.returncode == 2
    assert done.stderr.count("Usage:") == 1


@pytest.mark.parametrize("command", [["models"], ["benchmark", "compact", "--quick"], ["doctor"]])
@pytest.mark.parametrize("after_s", [0.03, 0.1, 0.2, 0.4])
def test_ctrl_c_at_any_moment_is_no_traceback(command: list[str], after_s: float) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    process.stdout.readline()  # Python itself has started
    time.sleep(after_s)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert "Traceback" not in errors
    assert process.returncode in (0, 130, -signal.SIGINT)


def test_ctrl_c_that_python_cannot_raise_is_repeated() -> None:
    code = """
import sys, time
from fer_edge.cli.interrupt import repeat_lost_interrupt
sys.unraisablehook = repeat_lost_interrupt
class Closing:
    def __del__(self):
        raise KeyboardInterrupt
try:
    Closing()
    time.sleep(60)
except KeyboardInterrupt:
    print("repeated")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("repeated\n", "")


@pytest.mark.parametrize(
    ("variable", "limit", "words"), [("v", 500_000, "ulimit -v"), ("d", 400_000, "ulimit -d")]
)
def test_a_limit_that_libraries_do_not_survive_is_one_line(
    variable: str, limit: int, words: str
) -> None:
    done = shell(f"ulimit -{variable} {limit}; F models")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert words in line


@pytest.mark.parametrize("encoding", ["latin-1", "iso8859-15"])
def test_a_terminal_of_another_encoding_gets_what_it_can_show(
    encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    monkeypatch.chdir(tmp_path)
    done = shell("F demo --out 顔.png")
    assert done.returncode == 0, done.stderr
    assert "######" in done.stdout
    assert r"\u9854.png" in done.stdout
    name = "caf\xe9/\u9854.mp4"
    done = shell(f"F run --input {name} --print-config")
    assert f'input = "{tmp_path}/{name}"' in done.stdout


def on_terminal(line: str, **environment: str) -> str:
    """Return what a command prints on a terminal."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "fer_edge", *line.split()],
        stdout=theirs,
        env={**os.environ, "TERM": "xterm", **environment},
    )
    os.close(theirs)
    parts = []
    while True:
        try:
            part = os.read(ours, 1 << 16)
        except OSError:  # Linux reports the end of a terminal as an error
            break
        if not part:
            break
        parts.append(part)
    os.close(ours)
    assert process.wait(30) == 0
    return b"".join(parts).decode().replace("\r\n", "\n")


def test_a_card_is_wrapped_in_its_column_to_the_terminal() -> None:
    text = on_terminal("models", COLUMNS="60")
    lines = [line for line in text.splitlines() if "/" not in line]
    assert max(map(len, lines)) <= 60
    start = next(number for number, line in enumerate(lines) if line.startswith("  limits  "))
    assert lines[start + 1].startswith(16 * " ")
    assert lines[start + 1][16] != " "


@pytest.mark.parametrize(
    ("environment", "is_colored"),
    [({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_a_terminal_without_color_gets_none(
    environment: dict[str, str], is_colored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert ("\x1b[" in on_terminal("models", **environment)) is is_colored
