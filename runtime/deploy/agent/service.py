"""The service of a release: its systemd unit, its start, and its health.

The unit in systemd's folder is a link through `current` into the release, so that the release, its
configuration and its unit change in the same step.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .channel import Channel, GoneError, RefusedError
from .child import Done, run
from .place import Place

START_S = 90.0
"""Time without a status from the service. The limit of its unit is 60 s, which it extends while it
loads, see `fer-edge service`."""
RELOAD_S = 10.0
_POLL_S = 0.1
_FIELDS = (
    "LoadState,ActiveState,SubState,Result,NRestarts,ExecMainStatus,StatusText,WatchdogUSec,"
    "WatchdogTimestampMonotonic,ActiveEnterTimestampMonotonic,ExecMainPID"
)


class Service:
    """A service of systemd: the system's, or the user's."""

    def __init__(self, channel: Channel, place: Place) -> None:
        self.name = place.name
        self._channel, self._place = channel, place
        self._target = place.base / "current" / "unit" / f"{place.name}.service"
        self._unit = place.units / f"{place.name}.service"
        self._wish = place.units / f"{place.target}.wants" / self._unit.name

    def manager(self) -> str:
        """Return "system" or "user" if that systemd is running, else an empty text."""
        os.environ.setdefault("XDG_RUNTIME_DIR", f"/run/user/{os.geteuid()}")
        try:
            done = self._control("show-environment")
        except RefusedError:
            return ""
        return self._place.manager if done.code == 0 else ""

    def others_unit(self) -> str:
        """Return the path of a unit of that name that no deployment created; empty for none."""
        there = self._unit.exists() or self._unit.is_symlink()
        return str(self._unit) if there and not self._is_ours() else ""

    def link(self) -> None:
        """Make systemd load the unit of the current release, and start it at boot."""
        for place, target in (
            (self._unit, self._target),
            (self._wish, Path("..") / self._unit.name),
        ):
            if not place.is_symlink() or os.readlink(str(place)) != str(target):
                place.parent.mkdir(parents=True, exist_ok=True)
                temporary = place.with_name(f".{place.name}-link")
                if temporary.is_symlink():
                    temporary.unlink()
                temporary.symlink_to(target)
                temporary.replace(place)

    def linger(self) -> None:
        """Request that the user's services run without a login; the plan notes if they do not."""
        try:
            run(self._channel, ["loginctl", "enable-linger"], timeout_s=30)
        except RefusedError:  # no loginctl
            return

    def unlink(self) -> None:
        """Stop the service, and remove the unit."""
        if not self._is_ours():
            return
        self._control("stop", self._unit.name, timeout_s=60)
        for place in (self._wish, self._unit):
            if place.is_symlink():
                place.unlink()
        self._control("daemon-reload")

    def restart(self) -> str:
        """Restart the service; return the error, or an empty text once it is healthy."""
        self.link()
        self._control("daemon-reload")
        self._control("reset-failed", self._unit.name)
        before = int(self.state().get("ActiveEnterTimestampMonotonic") or 0)
        done = self._control("restart", "--no-block", self._unit.name)
        if done.code:
            return done.reason()
        end_s = time.monotonic() + START_S
        while time.monotonic() < end_s:
            state = self.state()
            if _loads(state["StatusText"]):
                end_s = time.monotonic() + START_S
            if (
                state["ActiveState"] == "active"
                and int(state["ActiveEnterTimestampMonotonic"]) > before
            ):
                return self._watchdog(state)
            if state["ActiveState"] == "failed" or state["SubState"] == "auto-restart":
                return f"it does not start: {self._complaint(state)}"
            time.sleep(_POLL_S)
        return f"it did not read a frame within {START_S:.0f} s: {self._complaint(self.state())}"

    def reload(self) -> str:
        """Make the service reload the model; return the error, or an empty text."""
        self._control("daemon-reload")
        self._control("reset-failed", self._unit.name)  # restarts from now on are the new model's
        before = self.state()["StatusText"]
        done = self._control("reload", "--no-block", self._unit.name)
        if done.code:
            return done.reason()
        end_s = time.monotonic() + RELOAD_S
        while time.monotonic() < end_s:
            text = self.state()["StatusText"]
            if text.startswith("reload ") and text != before:  # each reload has a number
                return "" if "was reloaded" in text else text
            time.sleep(_POLL_S)
        return "it did not report that it reloaded the model"

    def state(self) -> dict[str, str]:
        """Return its systemd properties."""
        done = self._control("show", self._unit.name, "-p", _FIELDS)
        lines = (line.partition("=") for line in done.said.splitlines())
        return {**dict.fromkeys(_FIELDS.split(","), ""), **{key: value for key, _, value in lines}}

    def health(self) -> dict[str, Any]:
        """Return its state for display."""
        state = self.state()
        is_well = state["ActiveState"] in ("active", "reloading") and self._is_ours()
        restarts = int(state["NRestarts"] or 0)
        return {
            "is_well": is_well,
            "state": state["ActiveState"] if self._is_ours() else "",
            "status": state["StatusText"],
            "restarts": restarts,
            "pid": int(state["ExecMainPID"] or 0),
        }

    def logs(self, lines: int) -> str:
        """Return its latest log lines.

        Raises:
            RefusedError: There is no journal.
        """
        command = ["journalctl", *self._place.options, "-u", self.name]
        command += ["-n", str(lines), "--no-pager"]
        done = run(self._channel, command, timeout_s=30)
        if done.code:
            raise RefusedError(f"the journal cannot be read: {done.reason()}")
        return done.said

    def _watchdog(self, state: Mapping[str, str]) -> str:
        """Wait until the watchdog was fed again, which shows that frames keep arriving."""
        limit = state["WatchdogUSec"]
        fed, entered = state["WatchdogTimestampMonotonic"], state["ActiveEnterTimestampMonotonic"]
        end_s = time.monotonic() + START_S
        while limit not in ("", "0", "infinity") and time.monotonic() < end_s:
            state = self.state()
            if (
                state["ActiveState"] != "active"
                or state["ActiveEnterTimestampMonotonic"] != entered
            ):
                return f"it read a frame, then ended: {self._complaint(state)}"
            if state["WatchdogTimestampMonotonic"] != fed:
                return ""
            time.sleep(2 * _POLL_S)
        return "" if limit in ("", "0", "infinity") else "its watchdog was not fed"

    def _complaint(self, state: Mapping[str, str]) -> str:
        """Return its latest error, or systemd's description."""
        status, said = state["ExecMainStatus"], f"{state['SubState']}, {state['Result']}"
        if state["Result"] == "exit-code" and status not in ("", "0"):
            said = f"exit code {status}"
        try:
            lines = [line for line in self.logs(20).splitlines() if "fer-edge: " in line]
        except (RefusedError, GoneError):
            return state["StatusText"] or said
        errors = [line for line in lines if "error" in line or "WARNING" in line]
        return (errors or [state["StatusText"] or said])[-1].partition("fer-edge: ")[2] or said

    def _is_ours(self) -> bool:
        return self._unit.is_symlink() and os.readlink(str(self._unit)) == str(self._target)

    def _control(self, *words: str, timeout_s: float = 30) -> Done:
        command = ["systemctl", *self._place.options, *words]
        return run(self._channel, command, timeout_s=timeout_s, is_critical=True)


def _loads(status: str) -> bool:
    """Return whether a service is still loading; it then extends its start timeout itself."""
    return status.startswith("starting: ") and status != "starting: waiting for the first frame"
