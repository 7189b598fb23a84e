"""A recording of `fer-edge deploy` as an SVG that plays in a browser: docs/images/deploy.svg.

Runs real commands on devices on loopback (`benchmarks.loopback`). termtosvg records and draws them;
pauses are shortened to two seconds.

    make recording
"""

import shlex
import subprocess
import tempfile
from pathlib import Path

import click

from benchmarks.loopback import Loopback, loopback

COLUMNS, LINES = 118, 32
LONGEST_PAUSE_MS = 2000
NAMES = ("door", "gate", "hall")

_SHELL = r"""
cd {folder}
show() {{
    printf '\033[1;32m$\033[0m '
    for letter in $(printf '%s' "$*" | sed 's/./& /g; s/   / _ /g'); do
        [ "$letter" = _ ] && letter=' '
        printf '%s' "$letter"; sleep 0.03
    done
    printf '\n'; "$@"; sleep 1.5
}}
clear
"""


@click.command()
@click.option("--termtosvg", default="termtosvg", show_default=True, metavar="PROGRAM")
@click.argument("out", type=click.Path(path_type=Path))
def main(termtosvg: str, out: Path) -> None:
    """Record the commands into the SVG file OUT."""
    with (
        tempfile.TemporaryDirectory(prefix="fer-edge-") as name,
        loopback(NAMES, Path(name) / "lab") as lab,
    ):
        script = lab.folder / "scene.sh"
        script.write_text(_SHELL.format(folder=lab.folder) + _scene(lab))
        command = [termtosvg, str(out.resolve()), "-c", f"bash {shlex.quote(str(script))}"]
        command += ["-g", f"{COLUMNS}x{LINES}", "-M", str(LONGEST_PAUSE_MS), "-D", "3000"]
        # termtosvg ends when its input ends, so keep its input open
        with subprocess.Popen(command, env=lab.environment, stdin=subprocess.PIPE) as recorder:
            recorder.wait()
    if recorder.returncode:
        raise click.ClickException(f"{termtosvg} ended with {recorder.returncode}")


def _scene(lab: Loopback) -> str:
    """Return the commands: one device, another model, a mistake, and the other devices."""
    lab.write_config()
    # nothing listens there: the service will not start
    lab.write_config("mistake.toml", "http://127.0.0.1:1/door")
    hosts = "".join(f'[hosts.{name}]\ngroups = ["ground-floor"]\n' for name in NAMES)
    (lab.folder / "fleet.toml").write_text(f'config = "door.toml"\n\n{hosts}')
    lines = [
        "fer-edge deploy door --config door.toml --offline --watchdog 4",
        "fer-edge deploy door --model tiny",
        "fer-edge deploy door --model tiny",
        "fer-edge deploy door --config mistake.toml",
        "fer-edge deploy --fleet fleet.toml --offline --watchdog 4 --canary 1 --soak 5",
        "fer-edge deploy --fleet fleet.toml --status",
    ]
    return "".join(f"show {line}\n" for line in lines)


if __name__ == "__main__":
    main()
