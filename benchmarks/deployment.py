"""Duration of `fer-edge deploy`: first deployment, new model, and no changes.

Measures complete commands on a device on loopback (`benchmarks.loopback`) with a real sshd, real
wheels, and a real systemd with a watchdog. A first command, which is not counted, writes the byte
code of this checkout.

    python -m benchmarks.deployment
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np

from benchmarks.loopback import Loopback, loopback

WATCHDOG_S = 4


@click.command()
@click.option("--times", default=9, show_default=True, type=click.IntRange(1))
def main(times: int) -> None:
    """Print the median and the range of each kind of deployment."""
    with tempfile.TemporaryDirectory(prefix="fer-edge-") as name:
        folder = Path(name)
        pip_cache = os.environ.get("PIP_CACHE_DIR") or str(Path.home() / ".cache" / "pip")
        with loopback(["door"], folder / "lab") as lab:
            lab.environment.update(XDG_CACHE_HOME=str(folder / "cache"), PIP_CACHE_DIR=pip_cache)
            _measure_all(lab, times)


def _measure_all(lab: Loopback, times: int) -> None:
    config = lab.write_config()
    first = ["--config", str(config), "--offline", "--watchdog", str(WATCHDOG_S)]
    _deploy(lab, "--dry-run")
    _show("first deployment, wheels collected by pip", [_deploy(lab, *first)])
    again = []
    for _ in range(3):
        _deploy(lab, "--remove")
        again.append(_deploy(lab, *first))
    _show("first deployment, wheels collected before", again)
    models = [_deploy(lab, "--model", ("tiny", "compact")[turn % 2]) for turn in range(times)]
    _show("another model, exchanged between two frames", models)
    _show("nothing to do", [_deploy(lab, *first) for _ in range(times)])
    _show("--status", [_deploy(lab, "--status") for _ in range(times)])
    changed = []
    for turn in range(3):
        config.write_text(f"# {turn}\n{config.read_text()}")
        changed.append(_deploy(lab, *first))
    _show(f"another configuration, a watchdog of {WATCHDOG_S} s", changed)


def _deploy(lab: Loopback, *words: str) -> float:
    """Run one command; return its duration in seconds."""
    started = time.perf_counter()
    done = subprocess.run(
        ["fer-edge", "deploy", "door", *words],
        env=lab.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and "--status" not in words:
        raise click.ClickException(done.stderr)
    return time.perf_counter() - started


def _show(name: str, samples: Sequence[float]) -> None:
    low, median, high = np.percentile(samples, [0, 50, 100])
    click.echo(f"  {name:44}{median:7.2f} s [{low:.2f}, {high:.2f}] of {len(samples)}")


if __name__ == "__main__":
    main()
