"""The text of a systemd unit for `fer-edge run`.

The unit gives the run what its configuration needs and nothing else: no camera device for a run on
a stream, no network for a run that sends nothing, no place to write but its outputs' folders.
Facts about systemd are from systemd.service(5), systemd.exec(5) and systemd.syntax(7), version 252.
"""

from fer_edge.cli.needs import Needs

from .sandbox import limits, system_limits
from .unit import MARK, Unit
from .unit_words import command_line, setting_path


def unit_text(unit: Unit, needs: Needs) -> str:
    """Write the unit file.

    Raises:
        OutputError: A path cannot stand in one.
    """
    command = (*unit.executable, "--verbose", "run", "--config", str(unit.config_file))
    lines = [
        f"{MARK}; see docs/how-to/start-at-boot.md. What it runs stands in {unit.config_file}",
        "[Unit]",
        f"Description=Facial expressions ({unit.name})",
        # a camera that comes back in a week must find us trying: bounded in pace, not in number
        "StartLimitIntervalSec=0",
        *(["Wants=network-online.target", "After=network-online.target"] if needs.network else []),
        "",
        "[Service]",
        "Type=notify",
        "NotifyAccess=main",
        f"ExecStart={command_line(command)}",
        "ExecReload=/bin/kill -HUP $MAINPID",
        *_credentials(unit),
        # unasked, standard output would put a line a frame into the journal, on a card that wears
        f"StandardOutput={'journal' if needs.prints else 'null'}",
        "StandardError=journal",  # which would follow standard output otherwise
        *_restarts(unit),
        # a start that goes on, and a source that waits for its camera, extend this
        "TimeoutStartSec=60",
        "TimeoutStopSec=30",
        "Nice=5",
        f"MemoryMax={unit.memory_mib}M",
        "OOMPolicy=stop",
        *limits(needs),
        *(system_limits(unit, needs) if unit.is_system else []),
        "",
        "[Install]",
        f"WantedBy={'multi-user.target' if unit.is_system else 'default.target'}",
    ]
    return "\n".join(lines) + "\n"


def _credentials(unit: Unit) -> list[str]:
    return [
        f"LoadCredential={name}:{setting_path(unit.secrets_folder / name)}" for name in unit.secrets
    ]


def _restarts(unit: Unit) -> list[str]:
    steps = ["RestartSteps=5", "RestartMaxDelaySec=300"] if unit.systemd >= 254 else []
    return [
        "Restart=on-failure",
        f"RestartSec={5 if steps else 15}",
        *steps,
        "RestartPreventExitStatus=2",  # a wrong option or configuration, which no retry mends
        *([f"WatchdogSec={unit.watchdog_s}"] if unit.watchdog_s else []),
    ]
