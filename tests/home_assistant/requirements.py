"""Print the pip requirements of some of Home Assistant's integrations, one per line.

It runs with the Python that Home Assistant is installed in: `python requirements.py mqtt frontend`.
The manifest.json of an integration lists its requirements and the integrations it depends on.
"""

import json
import sys
from pathlib import Path

import homeassistant.components  # type: ignore[import-not-found]

FOLDER = Path(homeassistant.components.__path__[0])


def requirements(names: list[str]) -> set[str]:
    """Return the requirements of integrations and of all integrations that they load."""
    found: set[str] = set()
    waiting, seen = list(names), set()
    while waiting:
        name = waiting.pop()
        manifest = FOLDER / name / "manifest.json"
        if name in seen or not manifest.exists():
            continue
        seen.add(name)
        said = json.loads(manifest.read_text("utf-8"))
        found.update(said.get("requirements", []))
        waiting += said.get("dependencies", [])
        # the frontend waits for its after_dependencies, such as conversation and camera
        waiting += said.get("after_dependencies", []) if name in names else []
    return found


if __name__ == "__main__":
    print("\n".join(sorted(requirements(sys.argv[1:]))))
