"""`fer-edge deploy`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from fer_edge.cli.command_options import PATH, NumberRange, Options, SectionedCommand

if TYPE_CHECKING:
    from .connections import Connections
    from .delivery import Delivery
    from .fleet import Pace, Target
    from .fleet_file import Host
    from .outcome import Outcome
    from .plan import Choices

INTERRUPTED = 130

_WHAT: Options = (
    click.Option(
        ["--model"],
        metavar="NAME|FILE",
        help="A bundled model or a .tflite file. Given alone, only the model is exchanged.",
    ),
    click.Option(
        ["--config"],
        type=PATH,
        metavar="FILE",
        help="Configuration of the service, for fer-edge run --config. Relative paths start at "
        "~/.local/share/NAME on the device; with --system, at /var/lib/NAME.",
    ),
    click.Option(
        ["--fleet"],
        type=PATH,
        metavar="FILE",
        help="TOML file of hosts; HOST then selects hosts or groups of it.",
    ),
    click.Option(
        ["--dry-run"], is_flag=True, help="Inspect the device, print the planned steps, and stop."
    ),
)
_HOW: Options = (
    click.Option(
        ["--offline"], is_flag=True, help="Download the device's wheels here and send them."
    ),
    click.Option(
        ["--wheels"], type=PATH, metavar="DIR", help="Send the wheels of this folder instead."
    ),
    click.Option(
        ["--python"],
        default="",
        metavar="NAME",
        help="The device's Python, for example python3.11.",
    ),
    click.Option(
        ["--system-site-packages"],
        is_flag=True,
        help="Make the system's packages, such as picamera2, visible in the environment.",
    ),
    click.Option(
        ["--keep"],
        default=3,
        show_default=True,
        type=click.IntRange(2, 100),
        metavar="N",
        help="Number of releases to keep on the device.",
    ),
    click.Option(
        ["--ssh-config"], type=PATH, metavar="FILE", help="SSH configuration file, as for ssh -F."
    ),
)
_SERVICE: Options = (
    click.Option(
        ["--name"],
        default="fer-edge",
        show_default=True,
        metavar="NAME",
        help="Service name; one per camera.",
    ),
    click.Option(
        ["--system", "is_system"],
        is_flag=True,
        help="Install a system service with sudo: releases in /opt/NAME, files in /var/lib/NAME. "
        "Pass it with every command, or set system = true in the fleet's file.",
    ),
    click.Option(["--no-service"], is_flag=True, help="Switch the release only, not the service."),
    click.Option(
        ["--memory"], type=click.IntRange(64, 65536), metavar="MIB",
        help="As fer-edge service --memory; kept until it is passed again.",
    ),
    click.Option(
        ["--watchdog"], type=click.IntRange(0, 86400), metavar="SECONDS",
        help="As fer-edge service --watchdog; kept until it is passed again.",
    ),
)  # fmt: skip
_FLEET: Options = (
    click.Option(
        ["--parallel"], default=4, show_default=True, type=click.IntRange(1, 64), metavar="N",
        help="Number of hosts at a time.",
    ),
    click.Option(
        ["--canary"], default=0, type=click.IntRange(0), metavar="N",
        help="Number of canary hosts; the others follow when these are healthy.",
    ),
    click.Option(
        ["--soak"], default=60.0, show_default=True, type=NumberRange(0), metavar="SECONDS",
        help="Time for which a canary must be healthy.",
    ),
    click.Option(
        ["--keep-going"], is_flag=True, help="Continue with the other hosts when one fails."
    ),
)  # fmt: skip
_UPKEEP: Options = (
    click.Option(["--status", "action"], flag_value="status", help="Show releases and service."),
    click.Option(
        ["--rollback", "action"], flag_value="rollback", help="Go back to the previous release."
    ),
    click.Option(["--logs", "action"], flag_value="logs", help="Show the service's latest log."),
    click.Option(
        ["--remove", "action"], flag_value="remove", help="Remove the service and all releases."
    ),
    click.Option(
        ["--lines"], default=50, show_default=True, type=click.IntRange(1), metavar="N",
        help="Number of lines for --logs.",
    ),
    click.Option(["--json", "as_json"], is_flag=True, help="Print the outcome as JSON."),
)  # fmt: skip
_SECTIONS: dict[str, Options] = {
    "What": _WHAT,
    "How": _HOW,
    "Service": _SERVICE,
    "Fleet": _FLEET,
    "Upkeep": _UPKEEP,
}


@click.command(cls=SectionedCommand, sections=_SECTIONS)
@click.argument("hosts", nargs=-1, metavar="[HOST]...")
@click.pass_context
def deploy(context: click.Context, /, hosts: tuple[str, ...], **options: Any) -> None:
    """Deploy fer-edge, a model and a configuration to devices over ssh, and test them there.

    Each release has its own folder on the device. The device must recognize drawn faces like this
    machine before a link is switched to the release; then its service must read frames, otherwise
    the previous release is restored. With --model alone the service reloads the model between two
    frames. HOST is a name for ssh: an alias, a host name, or user@name; your keys and known hosts
    are used, and nothing is asked interactively.

    Exit codes: 1 a host failed and still runs the previous release; 3 a release was rolled back.

    \b
    Examples:
        fer-edge deploy pi@door.local --config door.toml --dry-run
        fer-edge deploy pi@door.local --config door.toml --offline
        fer-edge deploy pi@door.local --model new.tflite
        fer-edge deploy --fleet fleet.toml office --canary 1 --soak 60
        fer-edge deploy pi@door.local --status
    """
    from .connection import check_name
    from .connections import Connections
    from .outcome import exit_code
    from .overview import show_logs, show_status

    if not hosts and options["fleet"] is None:
        raise click.UsageError("no host given; expected HOST, or --fleet FILE", context)
    check_name(options["name"])
    chosen = _chosen(hosts, options)
    connections = Connections(
        name=options["name"],
        system_hosts=[host.address for host in chosen.values() if host.system],
        ssh_config=options["ssh_config"],
    )
    shown = {name: options[name] for name in ("parallel", "as_json")}
    try:
        if options["action"] == "status":
            code = show_status(chosen, connections.connect, **shown)
        elif options["action"] == "logs":
            code = show_logs(chosen, connections.connect, lines=options["lines"], **shown)
        else:
            outcomes = _change(connections, chosen, options)
            _report(outcomes, as_json=options["as_json"])
            code = exit_code(outcomes)
    except KeyboardInterrupt:
        connections.close()
        click.echo("fer-edge: interrupted; each device runs one complete release", err=True)
        code = INTERRUPTED
    context.exit(code)


def _chosen(words: tuple[str, ...], options: dict[str, Any]) -> "dict[str, Host]":
    """Return the hosts of the command line by name; --system applies to all of them."""
    from dataclasses import replace

    from .connection import check_address
    from .fleet_file import Host, choose_hosts, read_fleet

    hosts = (
        {word: Host(address=word, system=False) for word in words}
        if options["fleet"] is None
        else choose_hosts(read_fleet(options["fleet"]), words)
    )
    for host in hosts.values():
        check_address(host.address)
    is_system = options["is_system"]
    return {name: replace(host, system=host.system or is_system) for name, host in hosts.items()}


def _change(
    connections: "Connections", hosts: "dict[str, Host]", options: dict[str, Any]
) -> "list[Outcome]":
    from functools import partial

    from .deployment import deploy_to
    from .fleet import deploy_fleet
    from .progress import Progress
    from .upkeep import remove, roll_back, what_is_wrong

    targets = _targets(hosts, options)
    progress = Progress([target.name for target in targets], sys.stderr)
    choices, connect = _choices(options), connections.connect

    def one(target: "Target") -> "Outcome":
        from dataclasses import replace

        if options["action"] == "rollback":
            outcome = roll_back(target.address, connect)
        elif options["action"] == "remove":
            outcome = remove(target.address, connect)
        else:
            outcome = deploy_to(
                target.address,
                cast("Delivery", target.delivery),
                choices,
                connect=connect,
                is_dry_run=options["dry_run"],
                say=partial(progress.say, target.name),
            )
        return replace(outcome, host=target.name)

    def watch(target: "Target") -> str:
        return what_is_wrong(target.address, connect)

    try:
        return deploy_fleet(
            *(targets, _pace(options), one, watch, progress.say), interrupt=connections.close
        )
    finally:
        progress.end()


def _targets(hosts: "dict[str, Host]", options: dict[str, Any]) -> "list[Target]":
    """Return the hosts with their deliveries; files are read once each.

    A rollback or removal needs no files, and works without them.
    """
    from functools import cache

    from .delivery import Delivery, check_config, check_wheel_folder, read_delivery
    from .fleet import Target
    from .own_wheel import own_wheel

    if options["action"]:
        return [Target(name, host.address, None) for name, host in hosts.items()]
    check_wheel_folder(options["wheels"])
    wheel = own_wheel()

    @cache
    def delivery(model: str | None, config: Path | None) -> Delivery:
        if config is not None:
            check_config(config)
        return read_delivery(wheel, model, config)

    return [
        Target(
            name,
            host.address,
            delivery(options["model"] or host.model, options["config"] or host.config),
        )
        for name, host in hosts.items()
    ]


def _choices(options: dict[str, Any]) -> "Choices":
    from .plan import Choices
    from .situation import Limits

    return Choices(
        name=options["name"],
        is_offline=options["offline"],
        wheels=options["wheels"],
        has_service=not options["no_service"],
        system_site=options["system_site_packages"],
        python=options["python"],
        keep=options["keep"],
        limits=Limits(options["memory"], options["watchdog"]),
    )


def _pace(options: dict[str, Any]) -> "Pace":
    from .fleet import Pace

    return Pace(options["parallel"], options["canary"], options["soak"], options["keep_going"])


def _report(outcomes: "list[Outcome]", *, as_json: bool) -> None:
    import json

    from fer_edge.schema import encode

    from .outcome import one_line, table

    if as_json:
        click.echo(json.dumps([encode(outcome) for outcome in outcomes]))
        return
    if len(outcomes) > 1:
        click.echo(table(outcomes))
        return
    (outcome,) = outcomes
    text = one_line(outcome.text)
    if not outcome.is_good:
        click.echo(f"fer-edge: error: {outcome.host}: {text}", err=True)
        return
    release = f"release {outcome.release}, " if outcome.release else ""
    gap = "" if outcome.largest_gap is None else f"; self-test within {outcome.largest_gap:.3f}"
    click.echo(f"{outcome.host}: {outcome.state}, {release}{text}{gap} ({outcome.seconds:.1f} s)")
