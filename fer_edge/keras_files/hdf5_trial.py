"""First read of an HDF5 file in a separate process.

A damaged file can keep libhdf5 busy forever, in C code where neither exceptions nor Ctrl-C work, or
crash the process. So a child process with limits reads the whole file first: every group, every
attribute, every array that fits into memory.
"""

import signal
import sys
from pathlib import Path
from typing import Any

from fer_edge.child import limit_process, run_on_trial
from fer_edge.errors import ModelError
from fer_edge.limits import RAISE_THE_LIMIT, TRIAL_S, memory_bytes

_NO_MEMORY = 3
"""Exit status of the child process if the file needs more memory than its limit."""


def try_hdf5(path: Path, name: str) -> None:
    """Let a child process read the file; its exceptions are left to the real read.

    Args:
        path: The file.
        name: Name in messages.

    Raises:
        ModelError: The child crashed, did not finish, or needed too much memory.
    """
    done = run_on_trial(__name__, str(memory_bytes()), str(TRIAL_S), str(path.absolute()))
    if done is None:
        raise ModelError(
            f"{name} cannot be read as a Keras model: HDF5 did not finish within {TRIAL_S:.0f} "
            "s; it is damaged, get it again"
        )
    if done.returncode < 0:
        raise ModelError(
            f"{name} cannot be read as a Keras model: it crashes HDF5 "
            f"({signal.Signals(-done.returncode).name}); it is damaged or malicious"
        )
    if done.returncode == _NO_MEMORY:
        raise ModelError(
            f"{name} cannot be read as a Keras model: reading it needs more than "
            f"{memory_bytes() / 1e6:,.0f} MB; {RAISE_THE_LIMIT}"
        )


def main() -> None:
    """Read all of the given file."""
    import h5py as h5py  # before the limits, which are for the file alone

    most_bytes = int(sys.argv[1])
    limit_process(most_bytes, float(sys.argv[2]))
    try:
        _read(sys.argv[3], most_bytes)
    except (MemoryError, OSError) as error:
        if isinstance(error, OSError) and "memory allocation" not in str(error):
            raise
        sys.exit(_NO_MEMORY)


def _read(path: str, most_bytes: int) -> None:
    import h5py

    with h5py.File(path, "r") as file:
        groups, seen = [file["/"]], set()
        while groups:
            group = groups.pop()
            _read_attributes(group)
            for name in group:
                if isinstance(group.get(name, getlink=True), h5py.ExternalLink):
                    continue
                found = group.get(name)
                if isinstance(found, h5py.Dataset):
                    _read_attributes(found)
                    if not found.external and not found.is_virtual and found.nbytes < most_bytes:
                        found[()]
                elif isinstance(found, h5py.Group):
                    place = h5py.h5o.get_info(found.id).addr
                    groups += [found] if place not in seen else []
                    seen.add(place)  # a group may contain itself


def _read_attributes(item: Any) -> None:
    for name in item.attrs:
        item.attrs.get(name)


if __name__ == "__main__":
    main()
