import logging
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fer_edge.chatter import StderrHandler, without_chatter


def run(program: str) -> "subprocess.CompletedProcess[str]":
    root = Path(__file__).resolve().parents[2]
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=root, check=False
    )


def test_the_command_line_drops_what_libraries_write_and_keeps_what_python_does() -> None:
    done = run(
        "import logging, os, sys\n"
        "from fer_edge.chatter import StderrHandler, silence_libraries\n"
        "silence_libraries()\n"
        "os.write(2, b'I0000 cpu_feature_guard\\n')\n"
        "print('printed \\udcff', file=sys.stderr)\n"
        "logging.getLogger('a').addHandler(StderrHandler())\n"
        "logging.getLogger('a').warning('logged')\n"
        "raise ValueError('raised')\n"
    )
    lines = done.stderr.splitlines()
    assert lines[:2] == ["printed \\udcff", "logged"]
    assert lines[-1] == "ValueError: raised"
    assert "cpu_feature_guard" not in done.stderr


def test_a_program_without_standard_error_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with without_chatter():
        assert sys.stderr is None
    StderrHandler().emit(logging.makeLogRecord({"msg": "nowhere"}))
    assert sys.stderr is None


def test_the_signal_that_ends_the_command_line_is_said() -> None:
    done = run(
        "import os, signal\n"
        "from fer_edge.chatter import silence_libraries\n"
        "silence_libraries()\n"
        "os.kill(os.getpid(), signal.SIGSEGV)\n"
    )
    assert done.returncode == -signal.SIGSEGV
    assert done.stderr.startswith("Fatal Python error: Segmentation fault")


def test_silencing_leaves_a_standard_error_that_is_not_the_process_s_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from fer_edge.chatter import silence_libraries

    before = sys.stderr
    silence_libraries()
    assert sys.stderr is before
    sys.stderr.write("kept\n")
    assert capsys.readouterr().err == "kept\n"


@pytest.mark.parametrize("options", [[], ["-v"], ["-vv"]])
def test_twice_verbose_keeps_what_libraries_write(tmp_path: Path, options: list[str]) -> None:
    program = (
        "import os, sys\n"
        "from fer_edge.cli import main as cli\n"
        "import fer_edge.cli.models_command as command\n"
        "command.models.callback = lambda **options: os.write(2, b'chatter\\n')\n"
        f"sys.argv = ['fer-edge', *{options!r}, 'models']\n"
        "cli.main()\n"
    )
    assert ("chatter" in run(program).stderr) == (options == ["-vv"])


def test_what_a_python_library_writes_is_dropped_in_this_thread_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    inside, written = threading.Event(), threading.Event()

    def other() -> None:
        inside.wait(5)
        sys.stderr.write("kept\n")
        written.set()

    thread = threading.Thread(target=other)
    thread.start()
    before = sys.stderr
    with without_chatter():
        sys.stderr.write("progress 100 %\n")
        with without_chatter():
            sys.stderr.write("a page of advice\n")
        inside.set()
        written.wait(5)
        sys.stderr.write("done\n")
    thread.join()
    assert sys.stderr is before
    sys.stderr.write("after\n")
    assert capsys.readouterr().err == "kept\nafter\n"


def test_an_error_comes_through_and_standard_error_is_back(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(ValueError, match="real"), without_chatter():
        raise ValueError("real")
    sys.stderr.write("kept\n")
    assert capsys.readouterr().err == "kept\n"


def test_many_threads_in_and_out_leave_standard_error_as_it_was(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = sys.stderr

    def work() -> None:
        for _ in range(300):
            with without_chatter():
                sys.stderr.write("chatter\n")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sys.stderr is before
    assert capsys.readouterr().err == ""


def test_twice_verbose_drops_nothing_of_python_libraries(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "fer_edge"), without_chatter():
        sys.stderr.write("heard\n")
    assert capsys.readouterr().err == "heard\n"


def test_a_warning_is_heard_while_libraries_are_not(capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("other")
    handler = StderrHandler()
    log.addHandler(handler)
    try:
        with without_chatter():
            sys.stderr.write("chatter\n")
            log.warning("the broker\nhas gone")
    finally:
        log.removeHandler(handler)
    assert capsys.readouterr().err == "the broker has gone\n"
