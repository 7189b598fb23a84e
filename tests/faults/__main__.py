"""Inject all faults, or some: `python -m tests.faults --share 1.0`; `make faults` calls it.

The output is the table of docs/explanation/reliability.md: fault, promise, times, failures. The
exit code is 1 if a trial failed.
"""

import argparse
import sys
import time

from tests.faults.fault import LackingError
from tests.faults.faults import FAULTS
from tests.faults.trials import try_fault


def main() -> int:
    """Inject the chosen faults; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="Share of the full counts.")
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="Only this fault; repeatable."
    )
    options = parser.parse_args()
    failed = 0
    sys.stdout.write("| fault | promise | times | failures |\n| --- | --- | ---: | ---: |\n")
    for fault in FAULTS:
        if options.only and fault.name not in options.only:
            continue
        started_s, count = time.monotonic(), max(1, round(options.share * fault.count))
        try:
            found = try_fault(fault, count)
        except LackingError as lack:
            sys.stderr.write(f"{fault.name}: left out, {lack}\n")
            continue
        failed += len(found)
        for text in found[:20]:
            sys.stderr.write(f"{fault.name}: {text}\n")
        sys.stderr.write(f"{fault.name}: {time.monotonic() - started_s:.0f} s\n")
        sys.stdout.write(f"| {fault.name} | {fault.promise} | {count} | {len(found)} |\n")
        sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
