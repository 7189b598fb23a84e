"""Passwords and tokens that systemd hands over (systemd.exec(5), LoadCredential=).

A credential is a file that only the service sees, in the folder that CREDENTIALS_DIRECTORY names.
A credential that has the name of such a variable stands for it.
"""

import re
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from fer_edge.errors import ConfigError

FOLDER_VARIABLE = "CREDENTIALS_DIRECTORY"
_SECRET = re.compile(r"FER_EDGE_(INPUT|MQTT_PASSWORD|WEB_TOKEN|SINK_\w+)", re.ASCII)


def is_secret(variable: str) -> bool:
    """Return whether an environment variable of fer-edge may hold a secret."""
    return _SECRET.fullmatch(variable) is not None


def load_credentials(environment: MutableMapping[str, str]) -> None:
    """Set what credentials stand for and the environment leaves out.

    Raises:
        ConfigError: One cannot be read, or is not a text.
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
        text = path.read_text("utf-8").removesuffix("\n")
    except UnicodeDecodeError as error:
        raise ConfigError(f"the credential {path} is not UTF-8; expected a text") from error
    if "\0" in text:
        raise ConfigError(f"the credential {path} has a zero byte; expected a text")
    return text


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment for a process that runs a stranger's model."""
    return {name: value for name, value in environment.items() if not is_secret(name)}
