"""A fer-edge service in a machine: installation, observation, removal."""

import json
from typing import Any, Literal

from .machine import Machine

Kind = Literal["root", "dynamic", "user"]
_PROGRAMS = {
    "root": "sudo /home/pi/fer-edge/bin/fer-edge service install --run-as pi",
    "dynamic": "sudo /opt/fer-edge/bin/fer-edge service install",
    "user": "/home/pi/fer-edge/bin/fer-edge service install --user",
}


class Service:
    """One service.

    Attributes:
        name: Name of the systemd unit, without its suffix.
        kind: "root": a system service that runs as pi. "dynamic": a system service that runs as a
            user made by systemd. "user": a service of pi's own systemd.
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.name = "door"
        self.kind: Kind = "root"
        self._cursor = ""

    @property
    def folder(self) -> str:
        """Folder of the service's outputs, as a path in the machine."""
        return "/var/lib/door" if self.kind == "dynamic" else "/home/pi/out"

    def install(self, options: str, kind: Kind = "root", environment: str = "") -> None:
        """Install, enable and start the service; return when systemd reports it as active.

        Args:
            options: Options of `fer-edge run`, with {folder} for the folder of the outputs.
            kind: Kind of the service, see the attribute.
            environment: Variables for the command that installs, as NAME=VALUE.
        """
        self.kind = kind
        last = self._machine.says("sudo journalctl -n 1 -o cat --show-cursor")
        self._cursor = last.rpartition("-- cursor: ")[2]
        told = options.format(folder=self.folder)
        program = _PROGRAMS[kind].replace(
            "sudo ", f"sudo {environment} " if environment else "sudo "
        )
        self._machine.run(
            "mkdir -p /home/pi/out; sudo loginctl enable-linger pi; "
            f"{program} --name {self.name} -- {told}"
        )
        systemctl = self.systemctl
        self._machine.run(f"{systemctl} daemon-reload; {systemctl} enable --now {self.name}")
        self.wait_until_active()

    @property
    def systemctl(self) -> str:
        """Command that controls the systemd manager of the service."""
        if self.kind == "user":
            return "XDG_RUNTIME_DIR=/run/user/1000 systemctl --user"
        return "sudo systemctl"

    def wait_until_active(self, timeout_s: float = 120) -> None:
        """Wait until the service is active; it reports this after its first frame."""
        self._machine.wait_for(f"{self.systemctl} is-active {self.name}", timeout_s=timeout_s)

    def show(self, name: str) -> str:
        """Return a property of the unit."""
        return self._machine.says(f"{self.systemctl} show {self.name} -p {name} --value")

    def journal(self) -> str:
        """Return what the service has written to the journal since its installation."""
        unit = "_SYSTEMD_USER_UNIT" if self.kind == "user" else "_SYSTEMD_UNIT"
        after = f"--after-cursor='{self._cursor}'" if self._cursor else ""
        return self._machine.says(
            f"sudo journalctl --no-pager -o cat {after} {unit}={self.name}.service"
        )

    def count(self, file: str = "door.jsonl") -> int:
        """Return the number of lines of an output file."""
        return int(self._machine.says(f"sudo cat {self.folder}/{file} 2> /dev/null | wc -l"))

    def wait_for_lines(self, more: int, file: str = "door.jsonl", timeout_s: float = 120) -> None:
        """Wait until an output file has `more` additional lines."""
        target = self.count(file) + more
        self._machine.wait_for(
            f"test $(sudo cat {self.folder}/{file} 2> /dev/null | wc -l) -ge {target}",
            timeout_s=timeout_s,
        )

    def records(self, file: str = "door.jsonl") -> list[dict[str, Any]]:
        """Return the lines of an output file as JSON objects; each line must be complete."""
        text = self._machine.says(f"sudo cat {self.folder}/{file}")
        return [json.loads(line) for line in text.splitlines()]

    def remove(self) -> None:
        """Stop the service, and remove its unit, its configuration and its outputs."""
        systemctl = self.systemctl
        self._machine.run(
            f"{systemctl} disable --now {self.name}; {systemctl} reset-failed {self.name}; "
            f"sudo rm -rf /etc/systemd/system/{self.name}.service /etc/fer-edge /home/pi/out "
            f"/var/lib/{self.name} /var/lib/private/{self.name} "
            f"/var/cache/{self.name} /var/cache/private/{self.name} "
            f".config/systemd/user/{self.name}.service .config/fer-edge; "
            f"{systemctl} daemon-reload",
            check=False,
        )
