"""Connecting to a Ray cluster, or starting Ray on this machine (extra [ray])."""

import logging
import os
import socket
import subprocess
from typing import Any

from fer_edge.child import clean_environment, module_command
from fer_edge.errors import ClusterError, ConfigError
from fer_edge.require import require

LOCAL = "local"
"""Used instead of an address: Ray on this machine, while this process is connected."""

_ANSWER_S = 5.0
_STATUS_S = 20.0
_OUT_OF_MEMORY_RETRIES = 3
_TOKEN = "set RAY_AUTH_MODE=token, and copy the cluster's ~/.ray/auth_token to this machine"


def connect(address: str, *, cores: int | None = None) -> Any:
    """Connect, and return the module ray; its `shutdown` ends the connection.

    Args:
        address: host:port of the cluster's head node, or "local".
        cores: Cores of a Ray that is started here; None uses all.

    Raises:
        ConfigError: It is not an address.
        ClusterError: Ray does not answer there, expects another token, or has another version of
            Ray or Python.
        MissingExtraError: Ray is not installed.
    """
    ray = require("ray", "ray", what="--ray")
    # a task that takes all memory would be restarted forever
    os.environ.setdefault("RAY_task_oom_retries", str(_OUT_OF_MEMORY_RETRIES))
    quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    if address == LOCAL:
        ray.init(num_cpus=cores, include_dashboard=False, **quiet)
        return ray
    _check_answer(address)
    try:
        ray.init(address=address, **quiet)
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise ClusterError(f"Ray at {address}: {_reason(error)}") from error
    return ray


def _check_answer(address: str) -> None:
    """Check the connection, since Ray itself would try for minutes and fill the terminal."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    is_port = port.isascii() and port.isdecimal() and len(port) <= 5 and 0 < int(port) <= 65535
    if not colon or not is_port:
        raise ConfigError(f"--ray: '{address}' is not an address; expected HOST:PORT, or local")
    advice = f"start it there: ray start --head --port {port}"
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER_S).close()
    except (UnicodeError, OverflowError) as error:  # a label of the name is empty or too long
        raise ConfigError(
            f"--ray: '{address}' is not an address ({error}); expected HOST:PORT, or local"
        ) from error
    except OSError as error:
        raise ClusterError(f"Ray does not answer at {address} ({error}); {advice}") from error
    command = module_command("ray.scripts.scripts", "status", "--address", address)
    try:
        status = subprocess.run(
            command,
            env=clean_environment(),
            capture_output=True,
            timeout=_STATUS_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ClusterError(f"{address} answers, but is not Ray; {advice}") from error
    if b"InvalidAuthToken" in status.stderr + status.stdout:
        raise ClusterError(f"Ray at {address} expects its token; {_TOKEN}")


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    if "ersion mismatch" in text:
        return f"{text}; install the same versions of Python and Ray on all nodes"
    return text[:300] or type(error).__name__
