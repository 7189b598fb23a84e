"""Results of a module that runs in a separate process."""

import json
import subprocess
from typing import TypeVar

from fer_edge.child import clean_environment, module_command
from fer_edge.schema import SchemaError, decode

Value = TypeVar("Value")


class FreshProcessError(Exception):
    """The process returned no value; the message is its last line on standard error."""


def in_fresh_process(module: str, kind: type[Value], *arguments: str) -> Value:
    """Run a module with arguments, and parse the value that it prints as JSON.

    Raises:
        FreshProcessError: It prints no value.
    """
    done = subprocess.run(
        module_command(module, *arguments),
        capture_output=True,
        text=True,
        check=False,
        env=clean_environment(),
    )
    try:
        return decode(kind, json.loads(done.stdout))
    except (ValueError, SchemaError) as error:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise FreshProcessError(lines[-1]) from error
