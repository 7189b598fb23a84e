"""A door: a place in fer-edge where data from outside are read."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.mutations import Mutate

Seeds = Callable[[], list[bytes]]
Read = Callable[[bytes, Path], object]


@dataclass(frozen=True, slots=True)
class Door:
    """A reader that is fuzzed, and its inputs.

    Attributes:
        name: Name of the door, and of its folder in the corpus.
        seeds: Function that returns valid inputs; called once per process.
        mutate: Function that makes an input from a valid one.
        read: Function of an input and a folder for files; it may raise `FerEdgeError` only.
        is_native: Whether C code reads the input; it then runs in separate processes only.
        most: Number of inputs of the short run.
    """

    name: str
    seeds: Seeds
    mutate: Mutate
    read: Read
    is_native: bool = False
    most: int = 300
