"""A systemd unit for `fer-edge run`.

The unit gives the run what its configuration needs and nothing else: no camera device for a run on
a stream, no network for a run that sends nothing, no place to write but its outputs' folders.
Facts about systemd are from systemd.service(5), systemd.exec(5) and systemd.syntax(7), version 252.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from fer_edge.cli.needs import Needs
from fer_edge.errors import OutputError

MARK = "# Written by fer-edge service"


@dataclass(frozen=True, slots=True)
class Unit:
    """How a run becomes a service.

    Attributes:
        name: Of the unit, without `.service`.
        executable: The command that is started: `fer-edge`, or Python with `-m fer_edge`.
        config_file: Where the configuration of the run stands.
        is_system: A unit of the system; else one of the user who installs it.
        user: Who runs it; None for a user that systemd makes for it, or for a user's own unit.
        groups: Groups that may open its devices.
        memory_mib: The most memory it may take, in MiB.
        watchdog_s: Without a frame for so long it is started again; 0 never.
        secrets_file: Where its secrets stand; None if it has none.
        systemd: Version of systemd that it is written for.
    """

    name: str
    executable: tuple[str, ...]
    config_file: Path
    is_system: bool = True
    user: str | None = None
    groups: tuple[str, ...] = ()
    memory_mib: int = 512
    watchdog_s: int = 30
    secrets_file: Path | None = None
    systemd: int = 252

    @property
    def state_folder(self) -> Path:
        """Where a user that systemd made may write."""
        return Path("/var/lib") / self.name


def unit_text(unit: Unit, needs: Needs) -> str:
    """Write the unit file.

    Raises:
        OutputError: A path cannot stand in one.
    """
    command = (*unit.executable, "--verbose", "run", "--config", str(unit.config_file))
    lines = [
        f"{MARK}; see docs/service.md. What it runs stands in {unit.config_file}",
        "[Unit]",
        f"Description=Facial expressions ({unit.name})",
        # a camera that comes back in a week must find us trying: bounded in pace, not in number
        "StartLimitIntervalSec=0",
        *(["Wants=network-online.target", "After=network-online.target"] if needs.network else []),
        "",
        "[Service]",
        "Type=notify",
        "NotifyAccess=main",
        f"ExecStart={_command(command)}",
        "ExecReload=/bin/kill -HUP $MAINPID",
        *([f"EnvironmentFile={_path(unit.secrets_file)}"] if unit.secrets_file else []),
        # unasked, standard output would put a line a frame into the journal, on a card that wears
        *([] if needs.prints else ["StandardOutput=null"]),
        *_restarts(unit),
        # ready is whoever has read a frame; a source that waits for its camera extends this
        f"TimeoutStartSec={60 if unit.watchdog_s else 'infinity'}",
        "TimeoutStopSec=30",
        "Nice=5",
        f"MemoryMax={unit.memory_mib}M",
        "OOMPolicy=stop",
        *_limits(needs),
        *(_system_limits(unit, needs) if unit.is_system else []),
        "",
        "[Install]",
        f"WantedBy={'multi-user.target' if unit.is_system else 'default.target'}",
    ]
    return "\n".join(lines) + "\n"


def secrets_text(secrets: dict[str, str]) -> str:
    """Write the file that the unit's EnvironmentFile= names."""
    quoted = {
        name: "".join(f"\\{letter}" if letter in '\\"`$' else letter for letter in value)
        for name, value in secrets.items()
    }
    return "".join(f'{name}="{value}"\n' for name, value in quoted.items())


def problems(unit: Unit, needs: Needs) -> list[str]:
    """Say what would keep the service from working on this machine, each with what to do."""
    found = []
    if not (needs.writes or needs.network or needs.prints):
        found.append(
            "the run has no output that a service could have; add --mqtt, --web, a file, or "
            "--jsonl - for lines in the journal"
        )
    is_dynamic = unit.is_system and unit.user is None
    advice = f"pass --run-as {os.environ.get('SUDO_USER') or 'USER'}"
    for place in (Path(unit.executable[0]), *needs.reads):
        if unit.is_system and place.is_relative_to("/tmp"):
            found.append(f"{place} is not seen by a service, which has a /tmp of its own; move it")
        elif not place.exists():
            found.append(f"{place} does not exist; name a path that is there when it starts")
        elif is_dynamic and not _is_open_to_all(place):
            found.append(f"{place} cannot be read by a user made for the service; {advice}")
    for path in needs.writes:
        folder = _output_folder(path)
        if is_dynamic and not folder.is_relative_to(unit.state_folder):
            found.append(
                f"{path} cannot be written by a user made for the service; write "
                f"below {unit.state_folder}, or {advice}"
            )
        elif not is_dynamic and not folder.is_dir():
            found.append(f"folder {folder} does not exist; make it, writable for the service")
    return found


def quote(argument: str) -> str:
    """Quote one argument of ExecStart=, for systemd's own parser (systemd.syntax(7)).

    Raises:
        OutputError: It has bytes that are not UTF-8, which systemd refuses in a unit.
    """
    try:
        argument.encode()
    except UnicodeEncodeError as error:
        raise OutputError(
            f"{argument.encode(errors='replace').decode()} is not UTF-8, which a unit must be; "
            "rename the file"
        ) from error
    if "\0" in argument:
        raise OutputError("an argument with a zero byte cannot be passed; leave it out")
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "%": "%%"}
    letters = [
        escapes.get(letter) or (letter if letter.isprintable() else _hexadecimal(letter))
        for letter in argument
    ]
    text = "".join(letters)
    is_plain = text == argument and argument.isascii() and not set(argument) & set(" ';#&|<>$`*?~!")
    return text if is_plain and argument else f'"{text}"'


def _command(words: tuple[str, ...]) -> str:
    # a $ is a variable's beginning in a command line, and in no other setting
    return " ".join(quote(word).replace("$", "$$") for word in words)


def _hexadecimal(letter: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in letter.encode())


def _path(path: Path) -> str:
    """Write a path for a setting that takes its line as it stands."""
    text = str(path)
    if text != text.strip() or not text.isprintable() or quote(text).strip('"') == "":
        raise OutputError(f"{text!r} cannot stand in a unit; rename the folder")
    return text.replace("%", "%%")


def _restarts(unit: Unit) -> list[str]:
    steps = ["RestartSteps=5", "RestartMaxDelaySec=300"] if unit.systemd >= 254 else []
    return [
        "Restart=on-failure",
        f"RestartSec={5 if steps else 15}",
        *steps,
        "RestartPreventExitStatus=2",  # a wrong option or configuration, which no retry mends
        *([f"WatchdogSec={unit.watchdog_s}"] if unit.watchdog_s else []),
    ]


def _limits(needs: Needs) -> list[str]:
    families = "AF_UNIX AF_INET AF_INET6" if needs.network else "AF_UNIX"
    return [
        "UMask=0027",
        "NoNewPrivileges=yes",
        # udev's events, by which libusb finds an accelerator, come over netlink
        f"RestrictAddressFamilies={families}{' AF_NETLINK' if needs.accelerator else ''}",
        "RestrictRealtime=yes",
        "RestrictSUIDSGID=yes",
        "LockPersonality=yes",
        "SystemCallArchitectures=native",
    ]


def _system_limits(unit: Unit, needs: Needs) -> list[str]:
    """Return what only the system's manager can do; a user's would refuse to start the unit."""
    folders = sorted({_output_folder(path) for path in needs.writes})
    own = [folder for folder in folders if folder.is_relative_to(unit.state_folder)]
    others = [folder for folder in folders if folder not in own]
    devices = [
        *(["char-video4linux", "char-media", "char-dma_heap"] if needs.camera else []),
        *(["char-usb_device", "char-apex"] if needs.accelerator else []),
    ]
    return [
        *(["DynamicUser=yes"] if unit.user is None else [f"User={unit.user}"]),
        *([f"SupplementaryGroups={' '.join(unit.groups)}"] if unit.groups else []),
        *([f"StateDirectory={unit.name}"] if own else []),
        *([f"ReadWritePaths={' '.join(quote(str(folder)) for folder in others)}"] * bool(others)),
        "ProtectSystem=strict",
        "ProtectHome=read-only",
        "PrivateTmp=yes",
        "ProtectKernelTunables=yes",
        "ProtectKernelModules=yes",
        "ProtectControlGroups=yes",
        "CapabilityBoundingSet=",
        "DevicePolicy=closed",
        *(f"DeviceAllow={device} rw" for device in devices),
    ]


def _output_folder(path: Path) -> Path:
    return path if path.is_dir() or not path.suffix else path.parent


def _is_open_to_all(path: Path) -> bool:
    """Return whether any user can come to a file and read it."""
    resolved = path.resolve()
    enters = all(part.stat().st_mode & stat.S_IXOTH for part in resolved.parents)
    return enters and bool(resolved.stat().st_mode & stat.S_IROTH)
