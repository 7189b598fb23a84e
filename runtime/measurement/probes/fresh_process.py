"""What a module finds out in a process of its own."""

import json
import subprocess
from typing import TypeVar

from fer_edge.child import module_command
from fer_edge.schema import SchemaError, decode

Value = TypeVar("Value")


class FreshProcessError(Exception):
    """The process gave no value; the message is its last line on standard error."""


def in_fresh_process(module: str, kind: type[Value], *arguments: str) -> Value:
    """Run a module with arguments, and read the value that it prints as JSON.

    Raises:
        FreshProcessError: It prints none.
    """
    done = subprocess.run(
        module_command(module, *arguments), capture_output=True, text=True, check=False
    )
    try:
        return decode(kind, json.loads(done.stdout))
    except (ValueError, SchemaError) as error:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise FreshProcessError(lines[-1]) from error
