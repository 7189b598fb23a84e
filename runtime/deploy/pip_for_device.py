"""pip for another machine: `python pip_for_device.py MARKERS download ...`, as a program.

`pip download` has options for a device's platform and Python, but looks at conditions such as
`python_version < "3.11"` with the eyes of the Python that runs it. MARKERS is JSON: what the device
would answer.
"""

import json
import sys


def main() -> int:
    """Run pip with the device's answers."""
    from pip._internal.cli.main import main as pip
    from pip._vendor.packaging import markers

    here, there = markers.default_environment, json.loads(sys.argv[1])
    markers.default_environment = lambda: {**here(), **there}
    return int(pip(sys.argv[2:]))


if __name__ == "__main__":
    sys.exit(main())
