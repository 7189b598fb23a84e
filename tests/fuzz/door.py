"""A door: a place where something from outside is read."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.mutations import Mutate

Seeds = Callable[[], list[bytes]]
Read = Callable[[bytes, Path], object]


@dataclass(frozen=True, slots=True)
class Door:
    """What is fuzzed.

    Attributes:
        name: Of the door, and of its folder in the corpus.
        seeds: Makes sound inputs, once a process.
        mutate: Makes an input of one of them.
        read: Reads it, given an empty folder for files; may raise `FerEdgeError` and nothing else.
        is_native: C code reads it: only ever in a separate process.
        most: Inputs of the short run.
    """

    name: str
    seeds: Seeds
    mutate: Mutate
    read: Read
    is_native: bool = False
    most: int = 300
