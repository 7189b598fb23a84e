"""A sweep on a Ray cluster: each task runs on one GPU, if there are any."""

import logging
import subprocess
from collections.abc import Sequence
from typing import Any

from fer_edge.child import clean_environment, module_command
from fer_edge.errors import ClusterError
from fer_edge.ray_connection import connect

log = logging.getLogger(__name__)

_RETRIES = 3
"""Number of restarts of a task on a lost node; it continues the training that was interrupted."""


def search_on_ray(address: str, jobs: int | None, arguments: Sequence[str]) -> None:
    """Search in tasks until the sweep has enough trials; a warning names those that failed.

    Args:
        address: host:port of the cluster's head node, or "local".
        jobs: Number of simultaneous tasks; None uses one per GPU of the cluster, or one per core
            without GPUs.
        arguments: Arguments of `fer-edge` for the sweep, with absolute paths that all nodes see.

    Raises:
        ClusterError: Ray does not answer there, or no task could search.
        MissingExtraError: Ray is not installed.
    """
    ray = connect(address, cores=jobs)
    try:
        resources = ray.cluster_resources()
        gpus, cores = int(resources.get("GPU", 0)), int(resources.get("CPU", 1))
        task = ray.remote(num_cpus=1, num_gpus=min(1, gpus), max_retries=_RETRIES)(_join)
        tasks = [task.remote(list(arguments)) for _ in range(jobs or gpus or cores)]
        reasons = [_reason(ray, reference) for reference in tasks]
    finally:
        ray.shutdown()
    if all(reasons):
        raise ClusterError(f"no Ray task on {address} could run the search: {reasons[0]}")
    for number, reason in enumerate(reasons, 1):
        if reason:
            log.warning("Ray task %d of %d failed: %s", number, len(reasons), reason)


def _join(arguments: list[str]) -> str:
    """Run on a node; returns the last line of the error."""
    command = module_command("fer_edge", *arguments, "--resume")
    done = subprocess.run(
        command,
        env=clean_environment(),
        capture_output=True,
        encoding="utf-8",
        errors="backslashreplace",
        check=False,
    )
    lines = done.stderr.strip().splitlines()
    return "" if done.returncode == 0 else (lines or [f"exit code {done.returncode}"])[-1]


def _reason(ray: Any, reference: Any) -> str:
    try:
        return str(ray.get(reference))
    except ray.exceptions.RayError as error:
        return " ".join(str(error).split())[:300]
