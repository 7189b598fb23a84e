"""What `fer-edge deploy --status` and `--logs` print for one device or many."""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import click

from fer_edge.schema import encode

from .fleet_file import Host
from .outcome import FAILED, one_line
from .upkeep import Connect, Kind, log_of, status_of


def show_status(
    hosts: Mapping[str, Host], connect: Connect, *, parallel: int, as_json: bool
) -> int:
    """Print the state of each device; returns the exit code.

    Args:
        hosts: Devices by name.
        connect: Function that opens a connection.
        parallel: Number of simultaneous devices.
        as_json: Whether to print JSON.
    """
    found = _ask_all(hosts, partial(status_of, connect=connect), parallel)
    if as_json:
        click.echo(json.dumps([encode(status) | {"is_well": status.is_well} for status in found]))
    else:
        for status in found:
            for line in status.describe():
                click.echo(one_line(line))
    return 0 if all(status.is_well for status in found) else FAILED


def show_logs(
    hosts: Mapping[str, Host], connect: Connect, *, lines: int, parallel: int, as_json: bool
) -> int:
    """Print the log of each device's service, with its name if there are several.

    Args:
        hosts: Devices by name.
        connect: Function that opens a connection.
        lines: Number of lines per device.
        parallel: Number of simultaneous devices.
        as_json: Whether to print JSON.

    Returns:
        The exit code.
    """
    found = _ask_all(hosts, partial(log_of, connect=connect, lines=lines), parallel)
    if as_json:
        click.echo(json.dumps([encode(log) for log in found]))
    else:
        for log in found:
            if log.error:
                click.echo(f"fer-edge: error: {log.host}: {one_line(log.error)}", err=True)
                continue
            if len(found) > 1:
                click.echo(f"{log.host}:")
            for line in log.lines:
                click.echo(f"  {line}" if len(found) > 1 else line)
    return FAILED if any(log.error for log in found) else 0


def _ask_all(hosts: Mapping[str, Host], ask: Callable[[str], Kind], parallel: int) -> list[Kind]:
    """Return the answer of each device, under its name instead of its address."""
    with ThreadPoolExecutor(parallel) as pool:
        found = list(pool.map(lambda host: ask(host.address), hosts.values()))
    return [replace(answer, host=name) for name, answer in zip(hosts, found, strict=True)]
