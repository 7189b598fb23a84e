"""The doctor of a device that fer-edge was deployed to."""

import json
from pathlib import Path

from fer_edge.errors import DeployError
from fer_edge.schema import SchemaError, decode

from ...deploy.connection import Connection
from ...deploy.remote import run_there
from .finding import Finding


def examine_there(
    host: str, ssh_config: Path | None = None, *, name: str = "fer-edge"
) -> list[Finding]:
    """Have a device look at itself.

    Args:
        host: As ssh knows it.
        ssh_config: Replaces the user's ssh configuration.
        name: Of the service that was deployed.

    Raises:
        DeployError: The device cannot be reached, or nothing is deployed there.
    """
    with Connection(host, name=name, ssh_config=ssh_config) as connection:
        answer = run_there(connection, ["doctor", "--json"])
    try:
        return [decode(Finding, item) for item in json.loads(answer.said)["findings"]]
    except (ValueError, KeyError, SchemaError) as error:
        raise DeployError(f"{host}: its doctor did not answer: {answer.reason}") from error
