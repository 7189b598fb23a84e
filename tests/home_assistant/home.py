"""A running Home Assistant, with methods that query it."""

import json
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .userland import PYTHON, command_in, inside

CONFIGURATION = """
homeassistant:
  name: Home
  unit_system: metric
  time_zone: UTC
  currency: EUR
http:
  server_host: 127.0.0.1
  server_port: {port}
frontend:
config:
history:
logger:
  default: info
recorder:
  commit_interval: 1
automation: !include automations.yaml
"""
LOGIN = {"name": "Anna", "username": "anna", "password": "correct horse battery"}
STARTUP_S = 240


class HomeAssistant:
    """Home Assistant in its userland, with an empty configuration and one user who is logged in."""

    def __init__(self, root: Path, automations: str, blueprints: Path) -> None:
        """Start Home Assistant and complete its onboarding.

        Args:
            root: Root of the userland.
            automations: Text of automations.yaml.
            blueprints: Folder of blueprints for automations.
        """
        self._root = root
        self._folder = root / "config"
        shutil.rmtree(self._folder, ignore_errors=True)
        shutil.copytree(blueprints, self._folder / "blueprints/automation/fer_edge")
        shutil.copy(Path(__file__).with_name("ask.py"), root / "opt/ask.py")
        (self._folder / "automations.yaml").write_text(automations)
        self.port = _free_port()
        (self._folder / "configuration.yaml").write_text(CONFIGURATION.format(port=self.port))
        self._token = ""
        self._process: subprocess.Popen[bytes] | None = None
        self.tokens: dict[str, Any] = {}
        self.start()
        self._onboard()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        files = sorted(self._folder.glob("home-assistant.log*"))
        return "\n".join(file.read_text("utf-8", "replace") for file in files)

    def start(self) -> None:
        hass = f"exec {PYTHON} -m homeassistant --config /config --skip-pip"
        self._process = subprocess.Popen(
            command_in(self._root, hass), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(self._is_up, "Home Assistant answers", STARTUP_S)
        if self._token:
            wait_until(self._is_running, "Home Assistant runs", STARTUP_S)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(60)
            self._process = None

    def add_broker(self, port: int) -> None:
        """Add the MQTT integration, as its dialog does."""
        flow = self.post("/api/config/config_entries/flow", {"handler": "mqtt"})
        answer = {"broker": "127.0.0.1", "port": port}
        done = self.post(f"/api/config/config_entries/flow/{flow['flow_id']}", answer)
        assert done["type"] == "create_entry", done

    def states(self) -> dict[str, dict[str, Any]]:
        """Return the state of each entity, by entity ID."""
        return {state["entity_id"]: state for state in self.get("/api/states")}

    def state(self, entity: str) -> str:
        """Return the state of an entity; `missing` if the entity does not exist."""
        return str(self.states().get(entity, {"state": "missing"})["state"])

    def wait_for(self, entity: str, wanted: str, timeout_s: float = 20) -> float:
        """Wait until an entity has a state; return the waiting time in seconds."""
        started_s = time.monotonic()
        seen: list[str] = []

        def holds() -> bool:
            seen.append(self.state(entity))
            return seen[-1] == wanted

        wait_until(holds, f"{entity} is {wanted}", timeout_s, lambda: seen[-1])
        return time.monotonic() - started_s

    def call(self, service: str, entity: str) -> None:
        """Call a service such as `switch.turn_off`."""
        self.post(f"/api/services/{service.replace('.', '/')}", {"entity_id": entity})

    def ask(self, kind: str, **options: Any) -> Any:
        """Send a command to the web socket, because only it offers registries and statistics."""
        command = json.dumps({"type": kind, **options})
        quoted = command.replace("'", "'\\''")
        said = inside(self._root, f"{PYTHON} /opt/ask.py {self.url} {self._token} '{quoted}'")
        answer = json.loads(said)
        assert answer["success"], answer
        return answer["result"]

    def get(self, path: str) -> Any:
        return self._request(path)

    def get_bytes(self, path: str) -> bytes:
        request = urllib.request.Request(self.url + path, headers=self._headers())
        with urllib.request.urlopen(request, timeout=30) as answer:
            data: bytes = answer.read()
            return data

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._request(path, json.dumps(body).encode(), "application/json")

    def _request(self, path: str, body: bytes | None = None, kind: str = "") -> Any:
        headers = self._headers() | ({"Content-Type": kind} if kind else {})
        request = urllib.request.Request(self.url + path, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.code} {error.read().decode()[:500]}") from error

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    def _is_up(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log[-2000:]
        try:
            with urllib.request.urlopen(f"{self.url}/manifest.json", timeout=5):
                return True
        except OSError:
            return False

    def _is_running(self) -> bool:
        return bool(self.get("/api/config")["state"] == "RUNNING")

    def _onboard(self) -> None:
        client = f"{self.url}/"
        user = {"client_id": client, "language": "en", **LOGIN}
        code = self.post("/api/onboarding/users", user)["auth_code"]
        form = {"client_id": client, "grant_type": "authorization_code", "code": code}
        body = urllib.parse.urlencode(form).encode()
        tokens = self._request("/auth/token", body, "application/x-www-form-urlencoded")
        self._token = tokens["access_token"]
        expires_ms = int(1e3 * (time.time() + tokens["expires_in"]))
        self.tokens = {**tokens, "hassUrl": self.url, "clientId": client, "expires": expires_ms}
        for step in ("core_config", "analytics"):
            self.post(f"/api/onboarding/{step}", {})
        self.post("/api/onboarding/integration", {"client_id": client, "redirect_uri": client})
        wait_until(self._is_running, "Home Assistant runs", STARTUP_S)


def wait_until(
    holds: Callable[[], object],
    what: str,
    timeout_s: float,
    found: Callable[[], object] = lambda: "",
) -> None:
    until_s = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < until_s, f"timed out waiting until {what}; {found()}"
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
