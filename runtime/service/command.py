"""`fer-edge service`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from .unit import Needs, Unit


_UNIT_OPTIONS = (
    click.Option(
        ["--name"], default="fer-edge", show_default=True, help="Of the unit; one per camera."
    ),
    click.Option(
        ["--system/--user", "is_system"],
        default=True,
        help="A service of the machine (the default), or of the user who installs it.",
    ),
    click.Option(
        ["--run-as"],
        metavar="USER",
        help="User of a --system service. Default: one that systemd makes for it, which may write "
        "below /var/lib/NAME only and sees nobody's home.",
    ),
    click.Option(
        ["--memory", "memory_mib"],
        default=512,
        show_default=True,
        metavar="MIB",
        type=click.IntRange(64, 65536),
        help="Most memory that it may take; more, and it is started again.",
    ),
    click.Option(
        ["--watchdog", "watchdog_s"],
        default=30,
        show_default=True,
        metavar="SECONDS",
        type=click.IntRange(0, 86400),
        help="Start it again after so long without a frame; 0: never.",
    ),
    click.Argument(["run_options"], nargs=-1, type=click.UNPROCESSED),
)


@click.group()
def service() -> None:
    """Run as a systemd service, for months.

    The unit starts `fer-edge run` with the options behind --, again after a failure and when frames
    stop coming, with as little of the system in reach as those options need. Passwords and tokens
    go into a file of their own that only its owner may read.

    \b
    Examples:
        fer-edge service print -- --camera 0 --mqtt mqtt://pi@broker/door --mqtt-discovery
        sudo fer-edge service install --run-as pi -- --camera 0 --web 127.0.0.1:8000
    """


@service.command("print", params=[*_UNIT_OPTIONS])
def print_unit(**options: Any) -> None:
    """Show the unit file; nothing is written, and root is not needed."""
    from .unit import problems, unit_text

    unit, needs = _unit_of(options)
    click.echo(unit_text(unit, needs), nl=False)
    if needs.secrets:
        click.echo(
            f"fer-edge: {', '.join(sorted(needs.secrets))} would be written into "
            f"{unit.secrets_file}, which only its owner may read",
            err=True,
        )
    for problem in problems(unit, needs):
        click.echo(f"fer-edge: WARNING: {problem}", err=True)


@service.command(params=[*_UNIT_OPTIONS])
@click.option("--force", is_flag=True, help="Replace a unit that fer-edge did not write.")
def install(force: bool, **options: Any) -> None:
    """Write the unit file, and say how to start it."""
    from fer_edge.errors import OutputError

    from .files import install_unit
    from .unit import problems

    unit, needs = _unit_of(options)
    for problem in problems(unit, needs):
        raise OutputError(problem)
    for line in install_unit(unit, needs, force=force):
        click.echo(line)


def _unit_of(options: dict[str, Any]) -> "tuple[Unit, Needs]":
    import re

    from .files import installed_unit
    from .needs import needs_of

    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", options["name"]):
        raise click.UsageError(
            f"--name {options['name']!r} cannot name a unit; wanted letters, digits, _ . and -"
        )
    if options["run_as"] is not None and not options["is_system"]:
        raise click.UsageError("--run-as goes with --system; a --user service runs as its user")
    needs = needs_of(options["run_options"])
    return installed_unit(
        options["name"],
        needs,
        folder=Path.cwd(),
        is_system=options["is_system"],
        user=options["run_as"],
        memory_mib=options["memory_mib"],
        watchdog_s=options["watchdog_s"],
    ), needs
