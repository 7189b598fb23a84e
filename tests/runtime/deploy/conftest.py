"""A device on loopback with one release and its service, shared by the tests of a session."""

import getpass
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fer_edge.cli.main import main
from tests.support.ssh_device import SSHD, SshDevice
from tests.support.stream_servers import MotionJpeg
from tests.support.stub_wheels import stub_wheels

Deploy = Callable[..., Result]


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep collected wheels out of the user's cache folder; only pip's own cache stays in use."""
    with pytest.MonkeyPatch.context() as patch:
        home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        patch.setenv("PIP_CACHE_DIR", os.environ.get("PIP_CACHE_DIR") or f"{home}/pip")
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        for name in ("FER_EDGE_MQTT_PASSWORD", "FER_EDGE_WEB_TOKEN", "FER_EDGE_INPUT"):
            patch.delenv(name, raising=False)
        yield


class Camera(MotionJpeg):
    """Network camera that sends frames for as long as a client is connected."""

    frames = 1_000_000
    pause_s = 0.1


@pytest.fixture(scope="session")
def camera() -> Iterator[str]:
    """Address of a network camera, including a password."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Camera)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://anna:geheim@127.0.0.1:{server.server_port}/camera"
    server.shutdown()


@pytest.fixture(scope="session")
def door(camera: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Configuration file that contains a secret."""
    return write_config(tmp_path_factory.mktemp("config") / "door.toml", camera)


def write_config(path: Path, address: str) -> Path:
    path.write_text(
        f'[source]\ninput = "{address}"\n'
        '[outputs]\nquiet = true\njsonl = "faces.jsonl"\njsonl_on = "change"\n'
    )
    return path


def new_device(folder: Path, more: str = "") -> SshDevice:
    if not Path(SSHD).exists() or shutil.which("ssh") is None:
        pytest.skip("OpenSSH's server or client is not installed (make parts)")
    return SshDevice(folder / "ssh", folder / "home", more=more).start()


def deploy_with(device: SshDevice, *words: object) -> Result:
    """Run `fer-edge deploy` with the ssh configuration that defines the device."""
    line = ["deploy", *map(str, words), "--ssh-config", str(device.config)]
    return CliRunner().invoke(main, line)


def wait_until_free(device: SshDevice) -> None:
    """Wait until the agent of a killed deployment has ended: it then empties the lock file."""
    end = time.monotonic() + 60
    while (device.base / "lock").exists() and (device.base / "lock").read_text():
        assert time.monotonic() < end, "the agent still runs after its connection was cut"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder for --wheels, with stub wheels that install in a second."""
    return stub_wheels(tmp_path_factory.mktemp("wheels"), "mqtt", "web")


@pytest.fixture(scope="session")
def device(
    tmp_path_factory: pytest.TempPathFactory, door: Path, wheels: Path
) -> Iterator[SshDevice]:
    """Device with a systemd instance of its user, on which a release runs."""
    device = new_device(tmp_path_factory.mktemp("device"))
    try:
        device.start_systemd()
        done = deploy_with(device, "device", "--config", door, "--wheels", wheels, "--watchdog", 4)
        assert done.exit_code == 0, done.stderr
        is_lingering = Path("/var/lib/systemd/linger", getpass.getuser()).exists()
        assert ("sudo loginctl enable-linger" in done.stderr) != is_lingering
        yield device
    finally:
        device.stop()


@pytest.fixture
def bare_device(tmp_path: Path) -> Iterator[SshDevice]:
    """Device without systemd and without any deployment."""
    device = new_device(tmp_path)
    yield device
    device.stop()
