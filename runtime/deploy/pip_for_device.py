"""pip for another machine: a program, `python pip_for_device.py MARKERS download ...`.

`pip download` has options for a device's platform and Python, but evaluates conditions such as
`python_version < "3.11"` for the Python that runs it. MARKERS is JSON with the device's values.
"""

import json
import sys


def main() -> int:
    """Run pip with the device's values."""
    from pip._internal.cli.main import main as pip
    from pip._vendor.packaging import markers

    here, there = markers.default_environment, json.loads(sys.argv[1])
    markers.default_environment = lambda: {**here(), **there}
    return int(pip(sys.argv[2:]))


if __name__ == "__main__":
    sys.exit(main())
