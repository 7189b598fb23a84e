"""The steps of a deployment, each requested by the workstation."""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from .channel import Channel, RefusedError
from .child import Done, run
from .lock import Lock
from .look import look
from .place import Place
from .service import Service
from .store import COMPLETE, RELEASE, Store, write_whole
from .switching import Switching

MODEL = "model.tflite"
_INSTALL_S = 3600.0
"""pip on a Raspberry Pi Zero takes minutes; no step takes an hour."""
_TRY_S = 300.0


class Work:
    """The steps of a deployment on this device. Public methods are the requests."""

    def __init__(self, channel: Channel, place: Place) -> None:
        self._channel, self._place = channel, place
        self._store = Store(place.base, place.folder_mode)
        self._service = Service(channel, place)
        self._switching = Switching(self._store, self._service)
        self._lock: Lock | None = None
        self._release: Path | None = None
        self._environment: Path | None = None
        self._scratch: Path | None = None

    def look(self) -> dict[str, Any]:
        """Return the facts, the releases and the state of the service."""
        manager = self._service.manager()
        return {
            "facts": look(self._place, manager),
            "others_unit": self._service.others_unit(),
            "other_place": self._place.elsewhere(),
            "current": self._store.number(),
            "releases": self._store.records(),
            "open_switch": self._store.open_switch(),
            "service": self._service.health() if manager else None,
        }

    def begin(self, holder: str) -> dict[str, Any]:
        """Lock, remove unfinished folders of dead deployments, and finish their switch."""
        if self._lock is not None:
            return {"settled": None}
        try:
            self._store.open()
        except OSError as error:
            raise RefusedError(f"{self._store.base} cannot be created: {error.strerror}") from error
        self._lock = Lock(self._store.base / "lock", holder)
        self._store.clean()
        return {"settled": self._switching.settle()}

    def model(self) -> dict[str, Any]:
        """Return the current release's model file."""
        data = (self._store.current / MODEL).read_bytes()
        return {"data": base64.b64encode(data).decode("ascii")}

    def find_environment(self, identity: str) -> dict[str, Any]:
        """Use an existing environment with this software, if there is one."""
        self._environment = self._store.find_environment(identity)
        return {"is_there": self._environment is not None}

    def make_environment(
        self, identity: str, python: str, with_pip: bool, system_site: bool
    ) -> dict[str, Any]:
        """Create an empty virtual environment."""
        self._environment = self._store.new_environment(identity)
        command = [python, "-m", "venv", str(self._environment)]
        command += [] if with_pip else ["--without-pip"]
        command += ["--system-site-packages"] if system_site else []
        self._need(run(self._channel, command, timeout_s=_TRY_S), "the virtual environment")
        (self._environment / "wheels").mkdir(mode=0o700)
        return {}

    def put(self, place: str, name: str, digest: str, size: int) -> dict[str, Any]:
        """Store a file, readable by its owner only.

        Args:
            place: "wheel", "release", or "scratch", which is removed at the end.
            name: Name of the file.
            digest: Its sha256, which is checked.
            size: Size in bytes.
        """
        folder = self._folder(place)
        path = folder / name
        if path.parent.resolve() != folder.resolve():
            raise RefusedError(f"{name} is not a file name")
        body, sha256 = self._channel.body(size), hashlib.sha256()
        try:
            handle = os.open(str(path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as file:
                for chunk in body:
                    sha256.update(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            for _ in body:  # the next request follows it
                pass
            raise
        if sha256.hexdigest() != digest:
            raise RefusedError(f"{name} was damaged in transfer; run the command again")
        if place == "release" and name == MODEL:
            path.chmod(self._place.read_mode)
        return {}

    def install(self, wheel: str, extras: str, is_offline: bool) -> dict[str, Any]:
        """Install fer-edge's wheel and its requirements into the environment."""
        folder = self._made_environment()
        wheels = folder / "wheels"
        pip = [str(folder / "bin" / "python")]
        own = sorted(wheels.glob("pip-*.whl"))
        pip += [str(own[0] / "pip")] if own else ["-m", "pip"]
        pip += ["install", "--disable-pip-version-check", "--no-input", "--progress-bar=off"]
        pip += (
            ["--no-index", "--find-links", str(wheels)] if is_offline else ["--only-binary=:all:"]
        )
        pip += [f"{wheels / wheel}[{extras}]"]
        more = {"TMPDIR": str(wheels), "PIP_CACHE_DIR": str(wheels / "cache")}
        done = run(self._channel, pip, timeout_s=_INSTALL_S, more=more)
        self._need(done, "pip install")
        shutil.rmtree(str(wheels))
        return {}

    def doctor(self) -> dict[str, Any]:
        """Run fer-edge doctor in the new environment; return the report, whatever the result."""
        done = self._fer_edge("doctor", "--json")
        try:
            report: dict[str, Any] = json.loads(done.said)
        except ValueError:
            raise RefusedError(f"fer-edge does not start there: {done.reason()}") from None
        return report

    def finish_environment(self, record: dict[str, Any]) -> dict[str, Any]:
        """Write the file that marks the environment as finished."""
        write_whole(self._made_environment() / COMPLETE, json.dumps(record))
        return {}

    def make_release(self, takes: list[str]) -> dict[str, Any]:
        """Create the folder of the next release.

        Args:
            takes: Names of files to copy from the current release, if it has them.
        """
        current = self._store.current.resolve()
        self._release = self._store.new_release()
        for name in takes:
            if (current / name).exists():
                shutil.copy(str(current / name), str(self._release / name))
        if self._environment is None:
            self._environment = (current / "env").resolve()
        (self._release / "env").symlink_to(
            os.path.relpath(str(self._environment), str(self._release))
        )
        return {"number": int(self._release.name)}

    def self_test(self, options: list[str]) -> dict[str, Any]:
        """Run the release's model on its pictures; return the lines of `fer-edge run`."""
        release = self._made_release()
        model = str(release / MODEL)
        words = ["run", "--detector", "none", "--model", model, *options]
        pictures = sorted(release.glob("face-*.png"))
        lines = []
        done = self._fer_edge(*words, "--input", str(release / "face-*.png"))
        if done.code:
            raise RefusedError(f"the model cannot be read there: {done.reason()}")
        lines = [json.loads(line) for line in done.said.splitlines()]
        for path in pictures:
            path.unlink()
        return {"lines": lines}

    def prepare_service(self, options: list[str]) -> dict[str, Any]:
        """Write the release's unit and configuration; invalid ones are rejected here.

        Returns:
            Whether the service will start at boot, without a login.
        """
        release, name = self._made_release(), self._service.name
        if not self._place.lingers():
            self._service.linger()
        self._place.written.mkdir(parents=True, exist_ok=True)
        unit = release / "unit"
        unit.mkdir(mode=self._place.folder_mode)
        # passed on standard input, so that its relative paths start where the service may write
        words = ["service", "install", f"--{self._place.manager}", "--into", str(unit)]
        words += ["--name", name, "--config", "/dev/stdin", *options]
        words += ["--", "--model", str(release / MODEL)]
        done = self._fer_edge(
            *words,
            more=json.loads((release / "secrets.json").read_text("utf-8")),
            fed=release / "config.toml",
            folder=self._place.written,
        )
        self._need(done, "the configuration")
        settings = unit / f"{name}.toml"
        # through `current`, so that SIGHUP loads the next release's model
        text = settings.read_text("utf-8")
        text = text.replace(f"{release}/{MODEL}", f"{self._store.current}/{MODEL}")
        write_whole(settings, text, self._place.read_mode)
        return {"lingers": self._place.lingers()}

    def switch(self, record: dict[str, Any], way: str) -> dict[str, Any]:
        """Finish the release, activate it, and roll back if it is not healthy.

        This continues even if the workstation disconnects.

        Args:
            record: Record of the release.
            way: "restart" or "reload" the service; "link" without a service.
        """
        release = self._made_release()
        number = int(release.name)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        record = {**record, "number": number, "made": stamp, "before": self._store.number()}
        record["environment"] = (release / "env").resolve().name
        write_whole(release / RELEASE, json.dumps(record, indent=2))
        return self._switching.switch(number, way)

    def go_back(self) -> dict[str, Any]:
        """Switch to the release that ran before the current one."""
        line = self._store.line()
        if len(line) < 2:
            raise RefusedError("the device has no release before the current one")
        has_manager = bool(self._service.manager())
        way = "restart" if self._store.has_service(line[1]) and has_manager else "link"
        if way == "link" and has_manager:
            self._service.unlink()
        return self._switching.switch(line[1], way)

    def prune(self, keep: int) -> dict[str, Any]:
        """Remove old releases."""
        return {"removed": self._store.prune(keep)}

    def remove(self) -> dict[str, Any]:
        """Stop the service and remove all releases."""
        if self._service.manager():
            self._service.unlink()
        self._store.remove()
        self._place.remove_unused()
        return {}

    def logs(self, lines: int) -> dict[str, Any]:
        """Return the service's latest log lines."""
        return {"text": self._service.logs(lines)}

    def run(self, words: list[str], timeout_s: float) -> dict[str, Any]:
        """Run the current release's fer-edge; {folder} in an argument is the scratch folder."""
        current = self._store.current
        if self._store.number() is None:  # any user may run the system's
            current = Place(self._place.name, True).base / "current"
        if not current.is_symlink():
            raise RefusedError(
                f"nothing is deployed there as {self._place.name}; run: fer-edge deploy HOST, or "
                "pass the --name of another service"
            )
        self._environment = (current / "env").resolve()
        scratch = str(self._folder("scratch"))
        words = [word.replace("{folder}", scratch) for word in words]
        done = self._fer_edge(*words, timeout_s=timeout_s)
        return {"code": done.code, "said": done.said, "complained": done.complained}

    def abandon(self) -> None:
        """Remove unfinished folders and unlock; also when the workstation disconnected."""
        if self._scratch is not None:
            shutil.rmtree(str(self._scratch), ignore_errors=True)
        if self._lock is not None:
            self._store.clean()
            self._lock.release()
            self._lock = None

    def _folder(self, name: str) -> Path:
        """Return the folder for files of a kind."""
        if name == "wheel":
            return self._made_environment() / "wheels"
        if name == "release":
            return self._made_release()
        if self._scratch is None:
            base = self._store.base
            self._scratch = Path(
                tempfile.mkdtemp(prefix="fer-edge-", dir=str(base) if base.exists() else None)
            )
        return self._scratch

    def _fer_edge(
        self,
        *words: str,
        more: dict[str, str] | None = None,
        fed: Path | None = None,
        folder: Path | None = None,
        timeout_s: float = _TRY_S,
    ) -> Done:
        release = self._release
        environment = self._made_environment() if release is None else release / "env"
        command = [str(environment / "bin" / "python"), "-m", "fer_edge", *words]
        return run(self._channel, command, timeout_s=timeout_s, more=more, fed=fed, folder=folder)

    def _need(self, done: Done, what: str) -> None:
        if done.code:
            said = done.complained + done.said
            if os.strerror(errno.ENOSPC) in said:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._store.base))
            raise RefusedError(f"{what}: {done.reason().replace('fer-edge: error: ', '')}")

    def _made_environment(self) -> Path:
        if self._environment is None:
            raise RefusedError("no environment was created")
        return self._environment

    def _made_release(self) -> Path:
        if self._release is None:
            raise RefusedError("no release was created")
        return self._release
