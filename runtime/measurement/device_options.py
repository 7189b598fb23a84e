"""The options of `fer-edge benchmark` for measurements on other devices."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from fer_edge.cli.command_options import PATH
from fer_edge.cli.option_fields import option_fields

from ..tracking.config import FacesConfig

if TYPE_CHECKING:
    from .remote import Errand
    from .report.report import Report

DEVICE_OPTIONS = (
    click.Option(
        ["--on", "hosts"],
        multiple=True,
        metavar="HOST",
        help="Also measure on a device that fer-edge was deployed to; may be repeated. Its "
        "report is in a folder of its name below that of --report, and devices.md there "
        "compares all devices.",
    ),
    click.Option(
        ["--ssh-config"],
        type=PATH,
        metavar="FILE",
        help="SSH configuration file, as for ssh -F.",
    ),
    click.Option(
        ["--name", "service"],
        default="fer-edge",
        show_default=True,
        metavar="NAME",
        help="Name of the service there, as in fer-edge deploy --name.",
    ),
)


def check_device_options(hosts: Sequence[str], context: click.Context) -> None:
    """Reject options of devices without a device.

    Raises:
        click.UsageError: One is given without --on.
    """
    for name, option in (("ssh_config", "--ssh-config"), ("service", "--name")):
        is_given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if is_given and not hosts:
            raise click.UsageError(f"{option} needs --on HOST")


_TRAVELLING = (
    *("rounds", "quick", "threads"),
    *(name for name, _ in option_fields(FacesConfig) if name != "detector_model"),
)
"""Options that are passed to devices unchanged; the detector's model file is sent."""


def options_for_devices() -> tuple[str, ...]:
    """Return the options of this command line for devices."""
    context, words = click.get_current_context(), []
    for option in context.command.params:
        name = str(option.name)
        is_given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if name in _TRAVELLING and is_given:
            value = context.params[name]
            text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
            words += [option.opts[0]] if value is True else [option.opts[0], text]
    return tuple(words)


def measure_devices(
    report: "Report",
    errand: "Errand",
    hosts: tuple[str, ...],
    folder: Path | None,
    *,
    service: str,
    ssh_config: Path | None,
    as_json: bool,
) -> None:
    """Collect the reports of devices one after the other, and show them next to the local one.

    Raises:
        DeployError: A device cannot be reached, has no fer-edge, or could not measure.
    """
    from fer_edge.files import whole_file
    from fer_edge.schema import encode

    from .comparison.devices import HERE, device_rows, devices_markdown
    from .remote import measure_there
    from .report.folder import write_report
    from .report.text import align

    reports = {HERE: report}
    for host in hosts:
        click.echo(f"measuring on {host}", err=True)
        reports[host] = measure_there(host, errand, ssh_config, name=service)
        if folder is not None:
            for path in write_report(reports[host], folder / host):
                click.echo(f"wrote {path}", err=True)
    if folder is not None:
        with whole_file(folder / "devices.md") as temporary:
            temporary.write_text(devices_markdown(reports), "utf-8")
        click.echo(f"wrote {folder / 'devices.md'}", err=True)
    if as_json:
        click.echo(json.dumps({name: encode(item) for name, item in reports.items()}))
        return
    click.echo(align(device_rows(reports)))
