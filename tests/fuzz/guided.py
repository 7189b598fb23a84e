"""Coverage-guided inputs for one Python door: `python -m tests.fuzz.guided card --seconds 600`.

Atheris records which branches an input takes and mutates the inputs that took new ones. It requires
`pip install atheris` (wheels for x86-64 Linux); `python -m tests.fuzz` does not.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["fer_edge"], enable_loader_override=False):
    from tests.fuzz.door import Door
    from tests.fuzz.engine import Crash, fault, keep
    from tests.fuzz.python_doors import PYTHON_DOORS


def main() -> None:
    """Run until the time is over or an input fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.guided", description=__doc__)
    parser.add_argument("door", choices=[door.name for door in PYTHON_DOORS])
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--out", type=Path, default=Path("fuzz-found"), help="Folder of failures.")
    options = parser.parse_args()
    door = next(door for door in PYTHON_DOORS if door.name == options.door)
    folder = Path(tempfile.mkdtemp(prefix="fer-edge-fuzz-"))
    for number, seed in enumerate(door.seeds()):
        (folder / f"seed-{number}").write_bytes(seed)
    limits = [f"-max_total_time={options.seconds}", "-timeout=20", "-rss_limit_mb=2048"]
    atheris.Setup([sys.argv[0], *limits, str(folder)], _one_input(door, folder, options.out))
    atheris.Fuzz()


def _one_input(door: Door, folder: Path, out: Path) -> "object":
    files = folder / "files"
    files.mkdir()

    def one_input(data: bytes) -> None:
        if kind := fault(door, data, files):
            path = keep(Crash(door.name, -1, kind, data), door, out)
            raise RuntimeError(f"{kind}; kept as {path}")

    return one_input


if __name__ == "__main__":
    main()
