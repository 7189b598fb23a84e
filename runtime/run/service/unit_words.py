"""Quoting for systemd's parser of unit files (systemd.syntax(7))."""

from pathlib import Path

from fer_edge.errors import OutputError


def quote(argument: str) -> str:
    """Quote one argument of ExecStart= for systemd's parser (systemd.syntax(7)).

    Raises:
        OutputError: It has bytes that are not UTF-8, which systemd rejects in a unit.
    """
    try:
        argument.encode()
    except UnicodeEncodeError as error:
        raise OutputError(
            f"{argument.encode(errors='replace').decode()} is not UTF-8, which a unit file must "
            "be; rename the file"
        ) from error
    if "\0" in argument:
        raise OutputError("an argument contains a zero byte; remove it")
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "%": "%%"}
    letters = [
        escapes.get(letter) or (letter if letter.isprintable() else _hexadecimal(letter))
        for letter in argument
    ]
    text = "".join(letters)
    is_plain = text == argument and argument.isascii() and not set(argument) & set(" ';#&|<>$`*?~!")
    return text if is_plain and argument else f'"{text}"'


def command_line(words: tuple[str, ...]) -> str:
    """Format a command for ExecStart=."""
    # a $ starts a variable in a command line, but not in other settings
    return " ".join(quote(word).replace("$", "$$") for word in words)


def _hexadecimal(letter: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in letter.encode())


def setting_path(path: Path) -> str:
    """Format a path for a setting that uses its line literally.

    Raises:
        OutputError: It cannot be written there.
    """
    text = str(path)
    if text != text.strip() or not text.isprintable() or quote(text).strip('"') == "":
        raise OutputError(f"{text!r} cannot be written to a unit file; rename the folder")
    return text.replace("%", "%%")
