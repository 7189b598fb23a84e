"""Checks of values that a user of the Python interface passes."""

from fer_edge.errors import ConfigError
from fer_edge.shown import printable


def names_in(value: object, what: str) -> tuple[str, ...]:
    """Return names that are given as a tuple or a list; a single text is neither.

    Args:
        value: The names.
        what: Their name, for the message.

    Raises:
        ConfigError: They are something else, or there are none.
    """
    if (
        not isinstance(value, tuple | list)
        or not value
        or not all(isinstance(name, str) for name in value)
    ):
        raise ConfigError(
            f"{what} is {printable(repr(value))}, expected a tuple of names, such as ('one', 'two')"
        )
    return tuple(value)


def check_choice(value: object, what: str, choices: tuple[str, ...]) -> None:
    """Check a name against the known ones.

    Raises:
        ConfigError: It is unknown.
    """
    if value not in choices:
        raise ConfigError(
            f"{what} is {printable(repr(value))}, expected one of {', '.join(choices)}"
        )
