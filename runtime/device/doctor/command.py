"""`fer-edge doctor`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_edge.cli.command_options import PATH
from fer_edge.schema import encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .finding import Finding

DEFAULT_NAME = "fer-edge"
_COLORS = {"ok": "green", "note": "cyan", "warning": "yellow", "problem": "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option(
    "--on",
    "hosts",
    multiple=True,
    metavar="HOST",
    help="Check a device that fer-edge was deployed to, over ssh; may be repeated.",
)
@click.option(
    "--ssh-config",
    type=PATH,
    metavar="FILE",
    help="SSH configuration file, as for ssh -F.",
)
@click.option(
    "--name",
    "service",
    default=DEFAULT_NAME,
    show_default=True,
    metavar="NAME",
    help="Name of the service there, as in fer-edge deploy --name.",
)
def doctor(as_json: bool, hosts: tuple[str, ...], ssh_config: Path | None, service: str) -> None:
    """Check this device: packages, models, cameras, board; with advice.

    ok: as it should be. note: useful to know. warning: slower or less reliable than possible.
    problem: fer-edge does not work; only then the exit code is 1.

    \b
    Examples:
        fer-edge doctor
        fer-edge doctor --on pi@door.local
        fer-edge doctor --json | jq '.findings[] | select(.status != "ok")'
    """
    import json

    from ...deploy.connection import check_address, check_ssh_config
    from . import examine, worst

    if not hosts and (service != DEFAULT_NAME or ssh_config is not None):
        raise click.UsageError("--name and --ssh-config need --on HOST")
    for host in hosts:  # a wrong name is found before a device is contacted
        check_address(host)
    check_ssh_config(ssh_config)
    found = {host: _ask(host, ssh_config, service) for host in hosts} or {"": examine()}
    records = {
        host: {"status": worst(findings), "findings": encode(findings)}
        for host, findings in found.items()
    }
    if as_json:
        record = records if hosts else records[""]
        click.echo(json.dumps(record, indent=2))
    else:
        for host, findings in found.items():
            if host:
                click.secho(host, bold=True)
            _show(findings)
    if any(worst(findings) == "problem" for findings in found.values()):
        raise SystemExit(1)


def _ask(host: str, ssh_config: Path | None, service: str) -> "list[Finding]":
    """Return the findings there; a device that does not answer hides no other one."""
    from fer_edge.errors import DeployError

    from .finding import Finding
    from .remote import examine_there

    try:
        return examine_there(host, ssh_config, name=service)
    except DeployError as error:
        named = "" if service == DEFAULT_NAME else f" --name {service}"
        config = "" if ssh_config is None else f" --ssh-config {ssh_config}"
        advice = f"try: fer-edge deploy {host} --status{named}{config}"
        return [Finding("connection", "problem", str(error), advice)]


def _show(findings: "Sequence[Finding]") -> None:
    from . import RANKING

    width = max(len(item.topic) for item in findings)
    for item in findings:
        status = click.style(f"{item.status:8}", fg=_COLORS[item.status])
        click.echo(f"{item.topic:{width}}  {status} {item.text}")
        if item.advice:
            click.echo(f"{'':{width}}  {'':8} -> {item.advice}")
    counts = [(sum(item.status == status for item in findings), status) for status in RANKING]
    click.echo(", ".join(f"{count} {status}" for count, status in counts if count))
