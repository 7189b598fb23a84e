"""fer-edge doctor on a device that fer-edge was deployed to."""

from dataclasses import dataclass
from pathlib import Path

from fer_edge.errors import DeployError

from ...deploy.answers import as_kind, parse_answer, unreadable
from ...deploy.connection import Connection
from ...deploy.remote import run_there
from .finding import Finding


@dataclass(frozen=True, slots=True)
class _Report:
    """What `fer-edge doctor --json` prints."""

    status: str
    findings: tuple[Finding, ...]


def examine_there(
    host: str, ssh_config: Path | None = None, *, name: str = "fer-edge"
) -> list[Finding]:
    """Run the doctor on a device.

    Args:
        host: Name for ssh.
        ssh_config: SSH configuration file instead of the user's.
        name: Name of the deployed service.

    Raises:
        DeployError: The device cannot be reached, nothing is deployed there, or the answer is not
            that of the doctor.
    """
    with Connection(host, name=name, ssh_config=ssh_config) as connection:
        answer = run_there(connection, ["doctor", "--json"])
    try:
        report = as_kind(
            _Report, parse_answer(answer.said, host, "to 'doctor'"), host, "to 'doctor'"
        )
    except DeployError as error:
        if answer.complained:  # fer-edge does not start there
            raise DeployError(
                f"{host}: fer-edge doctor did not answer there: {answer.reason}"
            ) from error
        raise
    if not report.findings:
        raise unreadable(host, "to 'doctor'", "it has no findings")
    return list(report.findings)
