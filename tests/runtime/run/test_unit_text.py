"""Text of the systemd unit, checked by systemd's own parser."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result as CommandResult

from fer_edge.runtime.run.command import parse_run
from fer_edge.runtime.run.service.unit import Unit
from fer_edge.runtime.run.service.unit_text import unit_text
from fer_edge.runtime.run.service.unit_words import quote

Invoke = Callable[..., CommandResult]
ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd is not installed")


def verify(folder: Path, text: str, *options: str) -> str:
    """Verify a unit with systemd; return the warnings and errors."""
    assert ANALYZE is not None
    unit = folder / "fer-edge.service"
    unit.write_text(text, "utf-8")
    done = subprocess.run(
        [ANALYZE, "--man=no", "--generators=no", *options, "verify", unit],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "XDG_RUNTIME_DIR": str(folder)},
    )
    return done.stdout + done.stderr


WORDS = [
    *("plain", "a b", "50%", "%%i", 'q"uote', "it's", "new\nline", "tab\t", "semi;", ";"),
    *("back\\slash", "\\x41", "umläut", "#hash", "*glob?", "~t", "sn☃w", "a\u00a0b", "\x01"),
]


@needs_systemd
@pytest.mark.parametrize("word", WORDS)
def test_systemd_reads_back_what_was_quoted(tmp_path: Path, word: str) -> None:
    # systemd reports nothing for a command that exists, or repeats a name with special characters.
    command = tmp_path / word
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    said = verify(tmp_path, f"[Service]\nExecStart={quote(str(command))} argument\n")
    assert said == "" or f"special characters: {command}\n" in said


OPTIONS: list[tuple[str, ...]] = [
    ("--camera", "0", "--mqtt", "mqtt://pi:s3cret@broker/home/door", "--mqtt-discovery"),
    ("--camera", "0", "--jsonl", '/var/lib/fer-edge/a "b"/50% $HOME;\n.jsonl', "--video=x.mp4"),
    ("--input", "clips/a b.mp4", "--jsonl", "-", "--delegate", "libedgetpu.so.1"),
]


@needs_systemd
@pytest.mark.parametrize("scope", ["--system", "--user"])
@pytest.mark.parametrize("options", OPTIONS)
def test_systemd_finds_no_fault_with_the_unit(
    fer_edge: Invoke, tmp_path: Path, options: tuple[str, ...], scope: str
) -> None:
    printed = fer_edge("service", "print", scope, "--", *options)
    assert printed.exit_code == 0, printed.output
    flags = ["--user"] if scope == "--user" else []
    assert verify(tmp_path, printed.stdout, *flags) == ""
    assert "s3cret" not in printed.output
    assert ("DynamicUser=yes" in printed.stdout) == (scope == "--system")


@needs_systemd
def test_a_fault_in_a_unit_would_be_seen(fer_edge: Invoke, tmp_path: Path) -> None:
    text = fer_edge("service", "print", "--", "--camera", "0", "--jsonl", "-").stdout
    assert verify(tmp_path, text.replace("Nice=5", "Nicer=5")) != ""


def test_the_unit_gives_what_the_options_need_and_no_more(fer_edge: Invoke) -> None:
    camera = fer_edge("service", "print", "--", "--camera", "0", "--jsonl", "-").stdout
    assert "DeviceAllow=char-video4linux rw" in camera
    assert "RestrictAddressFamilies=AF_UNIX\n" in camera  # no data can leave the machine
    assert "StandardOutput=journal" in camera
    assert "PrivateNetwork=yes" in camera
    assert "run --config /etc/fer-edge/fer-edge.toml\n" in camera
    sending = fer_edge("service", "print", "--", "--input", "x.mp4", "--mqtt", "mqtt://h/t").stdout
    assert "DeviceAllow" not in sending
    assert "AF_INET" in sending
    assert "PrivateDevices=yes" in sending
    assert "StandardOutput=null\nStandardError=journal\n" in sending  # so that errors are not lost
    page = fer_edge("service", "print", "--", "--camera", "0", "--web", "127.0.0.1:8000").stdout
    assert "IPAddressDeny=any\nIPAddressAllow=localhost\n" in page
    assert "IPAddressDeny" not in sending
    output = ("--jsonl", "/var/lib/door/a.jsonl", "--annotate", "/srv/my pictures")
    writing = fer_edge("service", "print", "--name", "door", "--", "--camera", "0", *output).stdout
    assert "StateDirectory=door" in writing
    assert 'ReadWritePaths="/srv/my pictures"' in writing
    assert "WatchdogSec=30" in writing
    assert "Watchdog" not in fer_edge("service", "print", "--watchdog=0", "--", "--camera=0").stdout


@needs_systemd
@pytest.mark.parametrize("user", [(), ("--run-as", "daemon")])
@pytest.mark.parametrize(
    "more",
    [(), ("--delegate", "edgetpu"), ("--web", "0.0.0.0:80", "--web-token", "long-enough-token")],
)
def test_systemd_finds_the_unit_well_protected(
    fer_edge: Invoke, tmp_path: Path, user: tuple[str, ...], more: tuple[str, ...]
) -> None:
    options = ("--camera", "0", "--mqtt", "mqtt://broker/home/door", *more)
    unit = tmp_path / "fer-edge.service"
    unit.write_text(fer_edge("service", "print", *user, "--", *options).stdout)
    command = [str(ANALYZE), "security", "--offline=yes", "--threshold=25", "--no-pager", unit]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-200:] + done.stderr
    assert "Overall exposure level" in done.stdout


def test_a_newer_systemd_is_asked_for_ever_longer_pauses() -> None:
    needs = parse_run(("--camera", "0")).needs()
    unit = Unit("door", ("/usr/bin/fer-edge",), Path("/etc/door.toml"), systemd=257)
    assert "RestartMaxDelaySec=300" in unit_text(unit, needs)
    assert "RestartMaxDelaySec" not in unit_text(replace(unit, systemd=252), needs)


@pytest.mark.parametrize("folder", ["a\n[Service]\nExecStartPre=/bin/evil", "a\u2028b", "a\rb"])
def test_the_name_of_a_folder_adds_no_line(folder: str) -> None:
    needs = parse_run(("--camera", "0")).needs()
    usual = unit_text(Unit("door", ("/usr/bin/fer-edge",), Path("/etc/door.toml")), needs)
    odd = unit_text(Unit("door", ("/usr/bin/fer-edge",), Path(f"/{folder}/door.toml")), needs)
    assert len(odd.splitlines()) == len(usual.splitlines())
    assert not [line for line in odd.splitlines() if line.startswith("ExecStartPre")]
