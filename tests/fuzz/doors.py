"""All doors, by name."""

from tests.fuzz.door import Door
from tests.fuzz.native_doors import NATIVE_DOORS
from tests.fuzz.network_doors import NETWORK_DOORS
from tests.fuzz.python_doors import PYTHON_DOORS

DOORS = (*PYTHON_DOORS, *NATIVE_DOORS, *NETWORK_DOORS)


def find_door(name: str) -> Door:
    """Return the door of a name.

    Raises:
        StopIteration: No door has this name.
    """
    return next(door for door in DOORS if door.name == name)
