"""The agent's program for sending: modules of a package that is never written to disk."""

import json
import shlex
from pathlib import Path

MODULES = (
    *("channel", "child", "lock", "place", "store", "look", "service", "switching", "work"),
    "session",
)
"""In the order of their imports."""

MARK = "fer-edge-agent"
"""A separate line before the first answer, since shells may print a greeting before it."""

_READ = r"""
import json, os, sys, types
if sys.version_info < (3, 7):
    sys.exit("fer-edge-agent: python3 is " + sys.version.split()[0])
def read(size):
    data = b""
    while len(data) < size:
        chunk = os.read(0, size - len(data))
        if not chunk:
            sys.exit("fer-edge-agent: nothing was sent")
        data += chunk
    return data
sent = json.loads(read(int(read(8))).decode())
package = types.ModuleType("fer_edge_agent")
package.__path__ = []
sys.modules["fer_edge_agent"] = package
for name, text in sent["modules"]:
    module = types.ModuleType("fer_edge_agent." + name)
    module.__package__ = "fer_edge_agent"
    sys.modules[module.__name__] = module
    exec(compile(text, name + ".py", "exec"), module.__dict__)
print("fer-edge-agent", flush=True)
sys.modules["fer_edge_agent.session"].serve(sent["name"], sent["is_system"])
"""


_AS_ROOT = """sh -c 'test "$(id -u)" = 0 || exec sudo -n -- "$@"; exec "$@"' sh"""
"""sudo -n fails if a password is needed, instead of waiting for one."""


def remote_command(*, is_system: bool) -> str:
    """Return the command for the device's shell; it reads the rest from standard input.

    Args:
        is_system: Whether it runs as root, with sudo if needed.
    """
    # in one line, since not all login shells support a line break within quotes
    command = f"python3 -I -c {shlex.quote(f'exec({json.dumps(_READ.strip())})')}"
    return f"{_AS_ROOT} {command}" if is_system else command


def agent_program(name: str, *, is_system: bool) -> bytes:
    """Return the agent in the form that this command reads.

    Args:
        name: Name of the service.
        is_system: Whether it is a system service, not the user's.
    """
    folder = Path(__file__).with_name("agent")
    modules = [(module, (folder / f"{module}.py").read_text("utf-8")) for module in MODULES]
    body = json.dumps({"name": name, "is_system": is_system, "modules": modules}).encode()
    return f"{len(body):08d}".encode() + body
