"""`fer-edge service`."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fer_edge.cli.command_options import PATH, FilePath
from fer_edge.errors import ConfigError

if TYPE_CHECKING:
    from ..config import RunConfig
    from .unit import Unit


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """Options of both commands; see their help."""

    name: str
    config_file: Path | None
    is_system: bool
    user: str | None
    memory_mib: int
    watchdog_s: int
    run_options: tuple[str, ...]
    into: Path | None = None


_UNIT_OPTIONS = (
    click.Option(
        ["--name"],
        default="fer-edge",
        show_default=True,
        metavar="NAME",
        help="Name of the unit; one per camera.",
    ),
    click.Option(
        ["--config", "config_file"],
        type=PATH,
        metavar="FILE",
        help=(
            "Configuration of the service, as for fer-edge run --config; options after -- take "
            "precedence."
        ),
    ),
    click.Option(
        ["--system/--user", "is_system"],
        default=True,
        help="Kind of service: of the machine (the default), or of the user who installs it.",
    ),
    click.Option(
        ["--run-as", "user"],
        metavar="USER",
        help="User of a --system service. Default: a user that systemd creates for it, which "
        "can write below /var/lib/NAME only and cannot see home folders.",
    ),
    click.Option(
        ["--memory", "memory_mib"],
        default=512,
        show_default=True,
        metavar="MIB",
        type=click.IntRange(64, 65536),
        help="Memory limit; when the service exceeds it, it is restarted.",
    ),
    click.Option(
        ["--watchdog", "watchdog_s"],
        default=30,
        show_default=True,
        metavar="SECONDS",
        type=click.IntRange(0, 86400),
        help="Time without a frame after which the service is restarted; 0: never.",
    ),
    click.Argument(["run_options"], nargs=-1, type=click.UNPROCESSED),
)


@click.group()
def service() -> None:
    """Run as a systemd service, for months.

    The unit starts `fer-edge run` with a configuration file, which is written from --config and the
    options after --. It is restarted after a failure and when frames stop arriving, and has only
    the access to the system that it needs. Passwords and tokens are stored in separate files that
    only their owner can read, and are passed to the service as systemd credentials.

    \b
    Examples:
        fer-edge service print -- --camera 0 --mqtt mqtt://pi@broker/door --mqtt-discovery
        sudo fer-edge service install --run-as pi -- --camera 0 --web 127.0.0.1:8000
        sudo fer-edge service install --name door --run-as pi --config door.toml
    """


@service.command("print", params=[*_UNIT_OPTIONS])
def print_unit(**options: Any) -> None:
    """Show the unit file; nothing is written, and root is not needed."""
    from ..config_file import format_config
    from .unit import problems
    from .unit_text import unit_text

    unit, config = _chosen(ServiceOptions(**options))
    click.echo(unit_text(unit, config.needs()), nl=False)
    click.echo(f"fer-edge: {unit.config_file} would hold", err=True)
    click.echo(format_config(config.without_secrets()), err=True, nl=False)
    if unit.secrets:
        click.echo(
            f"fer-edge: {', '.join(unit.secrets)} would be written into {unit.secrets_folder}, "
            "which only its owner can read",
            err=True,
        )
    for problem in problems(unit, config.needs()):
        click.echo(f"fer-edge: WARNING: {problem}", err=True)
    _warn_of_gaps(config)


@service.command(params=[*_UNIT_OPTIONS])
@click.option(
    "--into",
    type=FilePath(exists=True, file_okay=False),
    metavar="DIR",
    help=(
        "Folder to write all files into, for a system image or a deployment; the unit "
        "refers to them there."
    ),
)
@click.option("--force", is_flag=True, help="Replace a unit that fer-edge did not write.")
def install(force: bool, **options: Any) -> None:
    """Write the unit file and its configuration, and print the next steps."""
    from fer_edge.errors import OutputError

    from .unit import problems
    from .unit_file import install_unit

    unit, config = _chosen(ServiceOptions(**options))
    _warn_of_gaps(config)
    for problem in problems(unit, config.needs()):
        raise OutputError(problem)
    for line in install_unit(unit, config, force=force, into=options["into"]):
        click.echo(line)


def _chosen(options: ServiceOptions) -> "tuple[Unit, RunConfig]":
    """Return the unit and its configuration.

    Raises:
        click.UsageError: The options contradict each other.
        ConfigError: The configuration has a wrong key, value or combination.
        OutputError: The user does not exist.
    """
    from .unit_file import installed_unit

    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", options.name):
        raise click.UsageError(
            f"--name {options.name!r} is not a valid unit name; expected letters, digits, _ . and -"
        )
    if options.user is not None and not options.is_system:
        raise click.UsageError("--run-as is for --system; a --user service runs as its user")
    config = _run_config(options)
    unit = installed_unit(
        options.name,
        config.needs(),
        secrets=config.secrets(os.environ),
        is_system=options.is_system,
        user=options.user,
        memory_mib=options.memory_mib,
        watchdog_s=options.watchdog_s,
        into=options.into,
    )
    return unit, config


def _warn_of_gaps(config: "RunConfig") -> None:
    """Warn of a missing token or place, which a credential added to the unit could supply."""
    from ..combinations import check_complete

    try:
        check_complete(config)
    except ConfigError as error:
        click.echo(
            f"fer-edge: WARNING: {error}; without it, or a credential with it, the service ends "
            "with exit code 2",
            err=True,
        )


def _run_config(options: ServiceOptions) -> "RunConfig":
    """Return the configuration of the service, with absolute paths: it starts in another folder."""
    from ..combinations import check_run
    from ..command import parse_run

    file = options.config_file
    named = () if file is None else ("--config", str(file))
    config = parse_run((*named, *options.run_options))
    if not config.source.is_named:
        raise click.UsageError(
            "the service has no input; add --config FILE, or the options of fer-edge run after "
            "--, such as -- --camera 0 --mqtt mqtt://host/topic"
        )
    try:
        config.source.check_complete()
    except ConfigError as error:
        raise click.UsageError(str(error)) from error
    check_run(config, os.environ)
    if config.web.token == "auto":
        raise ConfigError(
            "the web token auto is another token after each start; a service needs one that stays: "
            "--web-token TOKEN, for example the output of openssl rand -hex 16"
        )
    return config.based_at(_current_folder())


def _current_folder() -> Path:
    """Return it as in the shell: /var/lib/NAME is systemd's link to another folder."""
    named = Path(os.environ.get("PWD", ""))
    is_true = named.is_absolute() and named.exists() and named.samefile(Path.cwd())
    return named if is_true else Path.cwd()
