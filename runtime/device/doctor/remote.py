"""fer-edge doctor on a device that fer-edge was deployed to."""

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
    """Run the doctor on a device.

    Args:
        host: Name for ssh.
        ssh_config: SSH configuration file instead of the user's.
        name: Name of the deployed service.

    Raises:
        DeployError: The device cannot be reached, or nothing is deployed there.
    """
    with Connection(host, name=name, ssh_config=ssh_config) as connection:
        answer = run_there(connection, ["doctor", "--json"])
    try:
        return [decode(Finding, item) for item in json.loads(answer.said)["findings"]]
    except (ValueError, KeyError, SchemaError) as error:
        raise DeployError(
            f"{host}: fer-edge doctor did not answer there: {answer.reason}"
        ) from error
