"""An HDF5 file's first reading, in a process of its own.

A damaged file can keep libhdf5 busy without end, in C, where no exception and no Ctrl-C reaches it,
or end the process by a signal. So a child with limits goes through the whole file first: every
group, every attribute, every array that memory holds.
"""

import signal
import sys
from pathlib import Path
from typing import Any

from fer_edge.child import limit_process, run_on_trial
from fer_edge.errors import ModelError
from fer_edge.limits import TRIAL_S, memory_bytes


def try_hdf5(path: Path, name: str) -> None:
    """Let a child go through a file; what it reports as an exception is left to the real reading.

    Args:
        path: The file.
        name: Stands in messages.

    Raises:
        ModelError: The child crashed or hung.
    """
    done = run_on_trial(__name__, str(memory_bytes()), str(TRIAL_S), str(path.absolute()))
    if done is None:
        raise ModelError(
            f"{name} cannot be read as a Keras model: HDF5 did not come to its end within "
            f"{TRIAL_S:.0f} s; it is damaged, get it again"
        )
    if done.returncode < 0:
        raise ModelError(
            f"{name} cannot be read as a Keras model: it crashes HDF5 "
            f"({signal.Signals(-done.returncode).name}); it is damaged, or made to harm"
        )


def main() -> None:
    """Go through the file that is named."""
    import h5py

    most_bytes = int(sys.argv[1])
    limit_process(most_bytes, float(sys.argv[2]))
    with h5py.File(sys.argv[3], "r") as file:
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
                    seen.add(place)  # a group may hold itself


def _read_attributes(item: Any) -> None:
    for name in item.attrs:
        item.attrs.get(name)


if __name__ == "__main__":
    main()
