import os
import re
import shlex
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import Result as CommandResult

from fer_edge.cli.needs import Needs
from fer_edge.credentials import load_credentials
from fer_edge.runtime.capture.config import SourceConfig
from fer_edge.runtime.run.command import parse_run
from fer_edge.runtime.run.config_file import read_config
from fer_edge.runtime.run.service.unit import Unit
from fer_edge.runtime.run.service.unit_text import unit_text
from tests.support.clear_line import assert_one_clear_line

from ...support.notify_socket import Listener
from ...support.real_disk import RealDisk

Invoke = Callable[..., CommandResult]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config"


def install(fer_edge: Invoke, *options: object) -> CommandResult:
    more = ("--camera", "0", "--mqtt", "mqtt://pi:s3%22cr%5Ct$@broker/door")
    return fer_edge("service", "install", "--user", *options, "--", *more)


def test_install_writes_the_unit_and_hides_its_secrets(fer_edge: Invoke, home: Path) -> None:
    done = install(fer_edge)
    assert done.exit_code == 0, done.output
    unit = home / "systemd/user/fer-edge.service"
    secret = home / "fer-edge/fer-edge.secrets/FER_EDGE_MQTT_PASSWORD"
    settings = home / "fer-edge/fer-edge.toml"
    assert "systemctl --user enable --now fer-edge" in done.stdout
    assert f"LoadCredential=FER_EDGE_MQTT_PASSWORD:{secret}\n" in unit.read_text()
    assert f"run --config {settings}\n" in unit.read_text()
    assert settings.read_text().splitlines()[1:] == [
        *("[source]", "camera = 0", "", "[mqtt]", 'url = "mqtt://pi@broker/door"'),
    ]
    assert stat.S_IMODE(settings.stat().st_mode) == 0o644
    assert "s3" not in unit.read_text() + settings.read_text() + done.output
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert stat.S_IMODE(secret.parent.stat().st_mode) == 0o700
    assert secret.read_text() == 's3"cr\\t$'
    assert install(fer_edge).exit_code == 0  # it replaces a unit that it wrote itself
    assert {path for path in home.rglob("*") if path.is_file()} == {unit, settings, secret}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[RealDisk]:
    disk = RealDisk(tmp_path)
    yield disk
    disk.close()


def test_a_device_may_be_unplugged_right_after_the_installation(
    fer_edge: Invoke, small_disk: RealDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(small_disk.place))
    done = install(fer_edge)
    assert done.exit_code == 0, done.output
    written = {path: path.read_text() for path in small_disk.place.rglob("*") if path.is_file()}
    assert len(written) == 3
    small_disk.cut_power()
    assert {path: path.read_text() for path in written} == written


def test_install_leaves_anothers_unit_alone(fer_edge: Invoke, home: Path) -> None:
    unit = home / "systemd/user/fer-edge.service"
    unit.parent.mkdir(parents=True)
    unit.write_text("[Service]\nExecStart=/bin/true\n")
    assert_one_clear_line(install(fer_edge), "was not written by fer-edge", "--force")
    assert "/bin/true" in unit.read_text()
    assert not (home / "fer-edge").exists()
    assert install(fer_edge, "--force").exit_code == 0
    assert "Type=notify" in unit.read_text()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--", "--camera", "0", "--jsnl", "x"), "--jsnl"),
        (("--", "--camera", "0", "--threads", "many"), "--threads"),
        (("--", "--camera", "0", "--mqtt", "broker"), "--mqtt"),
        (("--",), "no input"),
        (("--", "--jsonl", "x"), "no input"),
        (("--name", "../x", "--", "--camera", "0"), "--name"),
        (("--run-as", "pi", "--", "--camera", "0"), "--run-as"),
    ],
)
def test_a_typo_is_found_before_anything_is_written(
    fer_edge: Invoke, home: Path, options: tuple[str, ...], words: str
) -> None:
    done = fer_edge("service", "install", "--user", *options)
    assert done.exit_code == 2, done.output
    assert words in done.stderr
    assert not home.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--user", "--", "--camera", "0"), "no output"),
        (("--user", "--", "--input", "gone.mp4", "--jsonl", "-"), "does not exist"),
        (("--user", "--", "--camera", "0", "--jsonl", "gone/x.jsonl"), "create it"),
        (("--system", "--run-as", "no such", "--", "--camera", "0"), "no such user"),
        (("--user", "--", "--camera", "0", "--jsonl", "\udcff.jsonl"), "UTF-8"),
    ],
)
def test_what_could_not_work_is_not_installed(
    fer_edge: Invoke, home: Path, options: tuple[str, ...], words: str
) -> None:
    assert_one_clear_line(fer_edge("service", "install", *options), words)
    assert not home.exists()


@pytest.mark.parametrize("kind", ["--user", "--system"])
def test_a_package_that_only_this_shell_finds_is_not_installed(tmp_path: Path, kind: str) -> None:
    import fer_edge as package

    shell = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    code = (
        "from fer_edge.runtime.run.service import unit\n"
        "import sys; sys.executable = sys.argv[1]; from pathlib import Path\n"
        "from fer_edge.cli.needs import Needs\n"
        "made = unit.Unit('x', (sys.executable,), Path('x'), is_system=sys.argv[2] == '--system')\n"
        "print(unit.problems(made, Needs(prints=True)))"
    )
    # Python without the installed packages
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    bare.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", code, bare, kind],
        env=shell,
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"a service cannot import {Path(package.__file__).parent}" in done.stdout, done.stderr


def test_a_package_in_a_home_folder_stays_visible() -> None:
    unit = Unit("x", ("/usr/bin/fer-edge",), Path("/etc/x.toml"), package=Path("/home/pi/fer_edge"))
    assert "ProtectHome=read-only\n" in unit_text(unit, Needs(prints=True))


def test_a_user_made_for_the_service_writes_only_below_its_folder(fer_edge: Invoke) -> None:
    # not `install`: it names the first problem only; if only root can read the checkout, it is that
    done = fer_edge(
        "service", "print", "--system", "--", "--camera", "0", "--jsonl", "/srv/x.jsonl"
    )
    assert "/srv cannot be written" in done.stderr
    assert "/var/lib/fer-edge" in done.stderr


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://admin:s3cret@10.0.0.9/stream",
        "http://10.0.0.9/stream?key=s3cret",
    ],
)
def test_a_streams_password_is_hidden_too(fer_edge: Invoke, home: Path, address: str) -> None:
    done = fer_edge("service", "install", "--user", "--", "--input", address, "--jsonl", "-")
    assert done.exit_code == 0, done.output
    unit = (home / "systemd/user/fer-edge.service").read_text()
    settings = (home / "fer-edge/fer-edge.toml").read_text()
    assert "s3cret" not in unit + settings + done.output
    assert (home / "fer-edge/fer-edge.secrets/FER_EDGE_INPUT").read_text() == address


def test_a_streams_header_with_a_token_is_hidden_too(fer_edge: Invoke, home: Path) -> None:
    header = "Authorization: Bearer s3cret"
    options = ("--input", "http://10.0.0.9/s", "--stream-option", f"headers={header}")
    done = fer_edge("service", "install", "--user", "--", *options, "--jsonl", "-")
    assert done.exit_code == 0, done.output
    unit = (home / "systemd/user/fer-edge.service").read_text()
    settings = (home / "fer-edge/fer-edge.toml").read_text()
    assert "s3cret" not in unit + settings + done.output
    secret = home / "fer-edge/fer-edge.secrets/FER_EDGE_STREAM_OPTION_HEADERS"
    assert secret.read_text() == header


def test_a_configuration_file_becomes_a_service_that_runs_a_copy_with_whole_paths(
    fer_edge: Invoke, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    text = (
        '[source]\ninput = "rtsp://u:s3cret@h/s"\nstream_options = ["a=b"]\n'
        '[outputs]\njsonl = "x.jsonl"\n[mqtt]\nurl = "mqtt://pi@broker/door"\n'
    )
    (folder / "door.toml").write_text(text)
    monkeypatch.setenv("FER_EDGE_MQTT_PASSWORD", "s3cret, too")
    options = ("service", "install", "--user", "--name", "door")
    done = fer_edge(*options, "--config", folder / "door.toml", "--", "--csv", folder / "x.csv")
    assert done.exit_code == 0, done.output
    settings, secrets = home / "fer-edge/door.toml", home / "fer-edge/door.secrets"
    assert "s3cret" not in settings.read_text() + done.output
    installed = read_config(settings)
    assert installed.source == SourceConfig(stream_options=("a=b",))
    assert installed.outputs.files() == (
        ("--jsonl", folder / "x.jsonl"),
        ("--csv", folder / "x.csv"),
    )
    assert {path.name: path.read_text() for path in secrets.iterdir()} == {
        "FER_EDGE_INPUT": "rtsp://u:s3cret@h/s",
        "FER_EDGE_MQTT_PASSWORD": "s3cret, too",
    }
    # the secrets are restored from the service's credentials
    environment = {"CREDENTIALS_DIRECTORY": str(secrets), "FER_EDGE_MQTT_PASSWORD": "s3cret, too"}
    load_credentials(environment)
    monkeypatch.setenv("FER_EDGE_INPUT", environment["FER_EDGE_INPUT"])
    again = parse_run(("--config", str(settings)))
    assert again.source.input == "rtsp://u:s3cret@h/s"
    assert again.secrets(os.environ) == {
        "FER_EDGE_INPUT": "rtsp://u:s3cret@h/s",
        "FER_EDGE_MQTT_PASSWORD": "s3cret, too",
    }


def test_secrets_that_are_not_passed_again_are_named(fer_edge: Invoke, home: Path) -> None:
    install(fer_edge)
    options = ("service", "install", "--user", "--config", home / "fer-edge/fer-edge.toml")
    again = fer_edge(*options)
    assert again.exit_code == 0, again.output
    assert "not kept: FER_EDGE_MQTT_PASSWORD" in again.stdout
    assert not (home / "fer-edge/fer-edge.secrets").exists()
    assert "LoadCredential" not in (home / "systemd/user/fer-edge.service").read_text()
    assert "not kept" not in install(fer_edge).stdout


def test_other_files_among_the_secrets_stay(fer_edge: Invoke, home: Path) -> None:
    install(fer_edge)
    other = home / "fer-edge/fer-edge.secrets/mine.txt"
    other.write_text("mine")
    assert install(fer_edge).exit_code == 0
    assert other.read_text() == "mine"


def test_a_link_in_place_of_the_secrets_is_refused(fer_edge: Invoke, home: Path) -> None:
    victim = home / "victim"
    victim.mkdir(parents=True)
    (victim / "FER_EDGE_INPUT").write_text("mine")
    (home / "fer-edge").mkdir()
    (home / "fer-edge/fer-edge.secrets").symlink_to(victim)
    assert_one_clear_line(install(fer_edge), "is a symbolic link", "delete it")
    assert [path.name for path in victim.iterdir()] == ["FER_EDGE_INPUT"]


def test_a_wrong_configuration_file_is_not_installed(
    fer_edge: Invoke, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "door.toml").write_text("[source]\ncamra = 0\n")
    done = fer_edge("service", "install", "--user", "--config", tmp_path / "door.toml")
    assert_one_clear_line(done, "door.toml", "'source.camra'", "'source.camera'")
    assert not home.exists()


def test_a_configuration_of_anothers_making_is_left_alone(fer_edge: Invoke, home: Path) -> None:
    (home / "fer-edge").mkdir(parents=True)
    settings = home / "fer-edge/fer-edge.toml"
    settings.write_text("[source]\ncamera = 7\n")
    assert_one_clear_line(install(fer_edge), str(settings), "--force")
    assert "camera = 7" in settings.read_text()
    assert install(fer_edge, "--force").exit_code == 0
    assert "camera = 0" in settings.read_text()


def test_the_configuration_can_be_read_by_the_service_whatever_the_umask(
    fer_edge: Invoke, home: Path
) -> None:
    before = os.umask(0o077)
    try:
        assert install(fer_edge).exit_code == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE((home / "fer-edge").stat().st_mode) == 0o755
    assert stat.S_IMODE((home / "fer-edge/fer-edge.toml").stat().st_mode) == 0o644
    secrets = home / "fer-edge/fer-edge.secrets"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in secrets.iterdir()] == [0o600]


def test_a_token_leaves_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    for words in (("--web-token", "t0p"), ("--web-token=t0p",)):
        config = parse_run(("--camera", "0", *words, "--jsonl", "-"))
        assert config.without_secrets() == parse_run(("--camera", "0", "--jsonl", "-"))
        assert config.secrets({}) == {"FER_EDGE_WEB_TOKEN": "t0p"}
    monkeypatch.setenv("FER_EDGE_WEB_TOKEN", "from the shell")
    assert parse_run(("--camera", "0")).secrets({}) == {"FER_EDGE_WEB_TOKEN": "from the shell"}


@pytest.mark.slow
def test_the_command_of_the_unit_runs_and_talks_to_its_manager(
    fer_edge: Invoke, tmp_path: Path, home: Path
) -> None:
    clip, out = tmp_path / "a clip.avi", tmp_path / "out 50%.jsonl"
    writer = cv2.VideoWriter(str(clip), cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 64))
    for _ in range(20_000):
        writer.write(np.full((64, 64, 3), 90, np.uint8))
    writer.release()
    options = ("--input", clip, "--detector", "none", "--jsonl", out)
    assert fer_edge("service", "install", "--user", "--", *options).exit_code == 0
    text = (home / "systemd/user/fer-edge.service").read_text()
    (line,) = re.findall("^ExecStart=(.*)$", text, re.MULTILINE)
    manager = Listener(str(tmp_path / "notify"))
    process = subprocess.Popen(
        shlex.split(line.replace("%%", "%").replace("$$", "$")),
        env={**os.environ, "NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "200000"},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert manager.has("READY=1", 20)
    assert manager.has("WATCHDOG=1")
    assert manager.has("STATUS=")
    process.send_signal(signal.SIGHUP)
    assert manager.has("RELOADING=1")
    assert manager.has("MONOTONIC_USEC=")
    process.terminate()
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "was reloaded" in errors
    assert manager.has("STOPPING=1")
    assert manager.lines.count("READY=1") == 2
    assert out.read_text().endswith("}\n")
    manager.close()
