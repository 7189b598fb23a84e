"""Python modules in processes of their own, none of which comes from the folder one stands in.

`python -m` looks for every import in the current folder first: a `numpy.py` among a stranger's
pictures would run. Python 3.11 has a switch against it, Python 3.10 has none, so the folder is
taken from the path by the child's first line.
"""

import sys

_START = (
    "import sys; sys.path[:1] = [] if sys.path[:1] == [''] else sys.path[:1]; del sys.argv[0]; "
    "import runpy; runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)"
)


def module_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module as `python -m` does, with this very Python.

    Args:
        module: As `fer_edge`, or `fer_edge.inference.model_trial`.
        arguments: Of the module.
    """
    return [sys.executable, "-c", _START, module, *arguments]
