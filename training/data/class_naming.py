"""Names and order of the classes of a face set."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from fer_edge.errors import ConfigError, DatasetError
from fer_edge.faces.labels import FER2013, standard_name
from fer_edge.shown import printable

from .import_notes import Notes

Classes = Literal["own", "as-named", "ferplus"]


@dataclass(frozen=True, slots=True)
class Naming:
    """Options for class names.

    Attributes:
        keeps_names: Whether to keep all names unchanged; otherwise common synonyms of FER2013's
            classes become FER2013's names.
        meanings: Names for the numbers from 0 on; None for FER2013's.
    """

    keeps_names: bool = False
    meanings: tuple[str, ...] | None = None


def name_classes(found: Iterable[str], naming: Naming, where: str, notes: Notes) -> dict[str, str]:
    """Map each class that was found to its name, and note changed names.

    Args:
        found: Names of folders or in a CSV file.
        naming: Options for names.
        where: Location in messages.
        notes: Gets a line about changed names.

    Returns:
        Found name -> class name.

    Raises:
        DatasetError: Two names differ only in spelling, or a number has no name.
        ConfigError: The names of numbers are given for names.
    """
    ordered = sorted(set(found))
    if naming.meanings is None:
        if ordered and all(name.strip().isdecimal() for name in ordered):
            notes.add(
                f"the classes are called {', '.join(ordered)}; to name them pass --labels "
                "NAME,NAME,... starting with number 0"
            )
        return _standard_names(ordered, naming, where, notes)
    for name in ordered:
        if not name.strip().isdecimal():
            raise ConfigError(
                f"{where} contains class names ({printable(name, 40)}, ...), but --labels is for "
                "numbers; omit it"
            )
    meant = {name: meaning_of(int(name), naming, f"{where}: class") for name in ordered}
    unused = [name for name in naming.meanings if name not in meant.values()]
    if unused:
        notes.add(
            f"nothing has the number of {', '.join(unused)}; check the names of --labels and "
            "their order"
        )
    names = _standard_names(list(meant.values()), naming, where, notes)
    return {name: names[meaning] for name, meaning in meant.items()}


def name_meanings(
    meanings: tuple[str, ...], naming: Naming, where: str, notes: Notes
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Name the classes that numbers stand for, as in a `.npz`, and note changed names.

    Args:
        meanings: Names of the numbers from 0 on.
        naming: Options for names.
        where: Location in messages.
        notes: Gets a line about changed names.

    Returns:
        Classes in FER2013's order, or others in the order of their numbers; and the index of each
        number into them.

    Raises:
        DatasetError: Two names differ only in spelling.
    """
    names = _standard_names(meanings, naming, where, notes)
    if all(name == found for found, name in names.items()):
        return meanings, tuple(range(len(meanings)))
    ordered = tuple(dict.fromkeys(names[name] for name in meanings))
    if set(ordered) <= set(FER2013):
        ordered = in_order(ordered)
    return ordered, tuple(ordered.index(names[name]) for name in meanings)


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Sort classes in FER2013's order, other sets of classes alphabetically."""
    ordered = sorted(set(names))
    if {name.lower() for name in ordered} <= set(FER2013):
        return tuple(sorted(ordered, key=lambda name: FER2013.index(name.lower())))
    return tuple(ordered)


def meaning_of(number: int, naming: Naming, where: str) -> str:
    """Return the class name of a number.

    Raises:
        DatasetError: The number has no name.
    """
    meanings = naming.meanings or FER2013
    if 0 <= number < len(meanings):
        return meanings[number]
    raise DatasetError(
        f"{where} is '{number}'; expected 0 to {len(meanings) - 1} ({', '.join(meanings)}); "
        "for other classes pass their names in the order of their numbers: --labels "
        "NAME,NAME,..."
    )


def _standard_names(
    found: Sequence[str], naming: Naming, where: str, notes: Notes
) -> dict[str, str]:
    """Map names to class names; spaces at the ends never distinguish two classes."""
    plain = {name: name.strip() for name in found}
    same = [name for name in plain if [*plain.values()].count(plain[name]) > 1]
    if same:
        notes.add(
            "classes that differ only in spaces at their ends are merged: "
            f"{', '.join(map(repr, same))}"
        )
    names = {
        name: stripped if naming.keeps_names else standard_name(stripped)
        for name, stripped in plain.items()
    }
    _note_changes({plain[name]: standard for name, standard in names.items()}, notes)
    _check_spelling(sorted(set(names.values())), where)
    return names


def _note_changes(names: dict[str, str], notes: Notes) -> None:
    changed = {name: standard for name, standard in names.items() if name != standard}
    if not changed:
        return
    pairs = ", ".join(f"{name} as {standard}" for name, standard in changed.items())
    joined = [
        f"{' and '.join(same)} are merged"
        for standard in dict.fromkeys(changed.values())
        if len(same := [name for name, other in names.items() if other == standard]) > 1
    ]
    notes.add(
        f"classes get FER2013's names: {'; '.join([pairs, *joined])}; --classes as-named "
        "keeps the original names"
    )


def _check_spelling(names: Sequence[str], where: str) -> None:
    seen: dict[str, str] = {}
    for name in names:
        plain = unicodedata.normalize("NFC", name).casefold()
        other = seen.setdefault(plain, name)
        if other != name:
            raise DatasetError(
                f"{where} has classes {other!r} and {name!r}, which differ only in upper and "
                "lower case or in the encoding of accents; give them the same spelling"
            )
