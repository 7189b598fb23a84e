"""The long fuzzing run: `python -m tests.fuzz --minutes 60`; `make fuzz MINUTES=60` calls it.

The doors take turns, with one child process at a time. The numbers of the inputs continue from the
last run (`--state`), so that each run tries new inputs. The output is the table of counts of
docs/explanation/reliability.md.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from tests.fuzz.door import Door
from tests.fuzz.doors import DOORS, find_door
from tests.fuzz.engine import keep, run_in_children

_SHARE_S = 60.0
_BATCH = 1_000_000


def main() -> int:
    """Fuzz the chosen doors; return the exit code, which is 1 if an input failed."""
    options = _options()
    doors = [find_door(name) for name in options.door] or list(DOORS)
    counts: dict[str, list[int]] = {}
    if options.state.exists():
        counts = json.loads(options.state.read_text("utf-8"))
    end_s = time.monotonic() + 60 * options.minutes
    failed, said = False, set[tuple[str, str]]()
    while time.monotonic() < end_s:
        for door in doors:
            total = counts.setdefault(door.name, [0, 0])
            until_s = min(end_s, time.monotonic() + options.share)
            if time.monotonic() >= end_s:
                break
            done, crashes = run_in_children(door, total[0], _BATCH, until_s)
            total[0] += done
            total[1] += len(crashes)
            for crash in crashes:
                failed = True
                if (door.name, crash.kind) not in said:  # keep one of each kind
                    said.add((door.name, crash.kind))
                    place = keep(crash, door, options.out)
                    sys.stderr.write(f"{door.name} {crash.number}: {crash.kind}, {place}\n")
            options.state.parent.mkdir(parents=True, exist_ok=True)
            options.state.write_text(json.dumps(counts), "utf-8")
    sys.stdout.write(table(doors, counts))
    return 1 if failed else 0


def table(doors: list[Door], counts: dict[str, list[int]]) -> str:
    """Return the counts as a Markdown table."""
    lines = ["| door | inputs | failures |", "| --- | ---: | ---: |"]
    rows = [(door.name, *counts.get(door.name, (0, 0))) for door in doors]
    lines += [f"| {name} | {tried:,} | {failures} |" for name, tried, failures in rows]
    lines.append(f"| all | {sum(row[1] for row in rows):,} | {sum(row[2] for row in rows)} |")
    return "\n".join(lines) + "\n"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--share", type=float, default=_SHARE_S, help="Seconds per turn of a door.")
    parser.add_argument("--door", action="append", default=[], help="Only this door; repeatable.")
    parser.add_argument("--out", type=Path, default=Path("fuzz-found"), help="Folder of failures.")
    parser.add_argument("--state", type=Path, default=Path("fuzz-found/counts.json"))
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
