"""The text of a systemd unit for `fer-edge run`.

The unit allows the run only what its configuration needs: no camera device for a run on a stream,
no network for a run that sends nothing, no writable folders except those of its outputs. Facts
about systemd are from systemd.service(5), systemd.exec(5) and systemd.syntax(7), version 252.
"""

from fer_edge.cli.needs import Needs

from .sandbox import limits, system_limits
from .unit import MARK, Unit
from .unit_words import command_line, quote, setting_path


def unit_text(unit: Unit, needs: Needs) -> str:
    """Format the unit file.

    Raises:
        OutputError: A path cannot be written to a unit file.
    """
    command = (*unit.executable, "--verbose", "run", "--config", str(unit.config_file))
    lines = [
        # quoted, since a line break in the path would start a line of the unit
        f"{MARK}; see docs/how-to/start-at-boot.md. Its configuration is "
        + quote(str(unit.config_file)),
        "[Unit]",
        f"Description=Facial expressions ({unit.name})",
        # restarts continue forever, for a camera that returns in a week, with a limited rate
        "StartLimitIntervalSec=0",
        *(["Wants=network-online.target", "After=network-online.target"] if needs.network else []),
        "",
        "[Service]",
        "Type=notify",
        "NotifyAccess=main",
        f"ExecStart={command_line(command)}",
        "ExecReload=/bin/kill -HUP $MAINPID",
        *_credentials(unit),
        # by default, standard output would log one line per frame in the journal, which wears out
        # a card
        f"StandardOutput={'journal' if needs.prints else 'null'}",
        "StandardError=journal",  # otherwise the same as standard output
        *_restarts(unit),
        # extended during a long start, and while a source waits for its camera
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
        "RestartPreventExitStatus=2",  # a wrong option or configuration, which a retry does not fix
        *([f"WatchdogSec={unit.watchdog_s}"] if unit.watchdog_s else []),
    ]
