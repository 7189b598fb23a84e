"""Environment variables with passwords and tokens, and systemd's credentials in place of them.

A credential (systemd.exec(5), LoadCredential=) is a file that only the service can read, in the
folder CREDENTIALS_DIRECTORY. Its name is the name of the environment variable that it replaces.
"""

import re
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from fer_edge.errors import ConfigError
from fer_edge.shown import hide, hide_address

FOLDER_VARIABLE = "CREDENTIALS_DIRECTORY"
_SECRET = re.compile(
    r"FER_EDGE_(INPUT|MQTT_PASSWORD|WEB_TOKEN|SINK_\w+|STREAM_OPTION_\w+)", re.ASCII
)
_WHOLLY_SECRET = re.compile(r"FER_EDGE_((\w+_)?(TOKEN|PASSWORD)|STREAM_OPTION_\w+)", re.ASCII)


def is_secret(variable: str) -> bool:
    """Return whether an environment variable of fer-edge may contain a secret."""
    return _SECRET.fullmatch(variable) is not None


def hide_secrets_of(environment: Mapping[str, str]) -> None:
    """Mask the values of fer-edge's environment variables in everything that is shown.

    Tokens, passwords and stream options are masked as a whole, addresses without their host.
    """
    for name, value in environment.items():
        if _WHOLLY_SECRET.fullmatch(name):
            if value != "auto":  # a word that messages use: create a token
                hide(value)
        elif name.startswith("FER_EDGE_") and "://" in value:
            hide_address(value)


def load_credentials(environment: MutableMapping[str, str]) -> None:
    """Set environment variables from credentials, unless they are set already.

    Raises:
        ConfigError: A credential cannot be read or is not text.
    """
    folder = environment.get(FOLDER_VARIABLE)
    if not folder:
        return
    try:
        paths = sorted(path for path in Path(folder).iterdir() if is_secret(path.name))
        for path in paths:
            environment.setdefault(path.name, _text(path))
    except OSError as error:
        raise ConfigError(f"{error.filename} cannot be read: {error.strerror}") from error


def _text(path: Path) -> str:
    try:
        # with the line end of an editor, on Windows too
        text = path.read_bytes().decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise ConfigError(f"the credential {path} is not UTF-8; expected text") from error
    if "\0" in text:
        raise ConfigError(f"the credential {path} contains a zero byte; expected text")
    return text


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for a child process, which needs none of the secrets."""
    return {name: value for name, value in environment.items() if not is_secret(name)}
