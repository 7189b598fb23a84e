"""The files to deploy, read and checked on this machine first."""

import hashlib
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer_edge.child import module_command
from fer_edge.credentials import is_secret
from fer_edge.documents import parse_toml, read_limited
from fer_edge.errors import ConfigError, ModelError
from fer_edge.limits import TOML_BYTES
from fer_edge.model.bundled import DEFAULT_MODEL, bundled_models, find_model
from fer_edge.model.file import read_model
from fer_edge.schema import SchemaError

from .own_wheel import OwnWheel
from .situation import ReleasedModel


@dataclass(frozen=True, slots=True)
class Model:
    """A model to deploy.

    Attributes:
        data: Content of the .tflite file.
        note: Record of the model in the release.
    """

    data: bytes
    note: ReleasedModel


@dataclass(frozen=True, slots=True)
class Configuration:
    """A configuration to deploy.

    Attributes:
        data: Content of the file, which may contain secrets.
        secrets: Environment variables of this shell with other secrets.
        delegate: Delegate of the model, in the form of `fer-edge run --delegate`; empty for the
            CPU.
    """

    data: bytes
    secrets: dict[str, str]
    delegate: str

    @property
    def digest(self) -> str:
        """Digest of the configuration and its secrets."""
        parts = [self.data.decode("utf-8", "replace"), self.secrets]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Delivery:
    """The files for a device; None keeps what the device has.

    Attributes:
        wheel: Wheel of fer-edge.
        model: Model.
        config: Configuration of the service.
        is_model_alone: Whether only a model was given, so that nothing else is deployed.
    """

    wheel: OwnWheel
    model: Model | None
    config: Configuration | None
    is_model_alone: bool


def read_delivery(wheel: OwnWheel, model: str | None, config: Path | None) -> Delivery:
    """Read the given files.

    Args:
        wheel: Wheel of fer-edge.
        model: Name of a bundled model, or a file; by default the configuration's.
        config: Configuration file of `fer-edge run`.

    Raises:
        ConfigError: The configuration is invalid; or the model is missing, damaged, or has no card.
    """
    alone = model is not None and config is None
    chosen = None if config is None else _read_config(config)
    if chosen is not None and config is not None and model is None:
        named = str(chosen[1].get("model", DEFAULT_MODEL))
        model = named if named in bundled_models() else str(config.parent / named)
    try:
        read = None if model is None else read_named_model(model)
    except ModelError as error:  # a wrong value of an option or a file
        raise ConfigError(str(error)) from error
    return Delivery(
        wheel=wheel,
        model=read,
        config=None if chosen is None else chosen[0],
        is_model_alone=alone,
    )


def read_named_model(name: str) -> Model:
    """Read a model by name or path.

    Raises:
        ModelError: It is missing, damaged, or has no card.
    """
    path = find_model(name)
    labels = read_model(path).card.labels
    data = path.read_bytes()
    return Model(data, ReleasedModel(path.stem, hashlib.sha256(data).hexdigest(), labels))


def _read_config(path: Path) -> tuple[Configuration, dict[str, Any]]:
    """Return the configuration, and its table for the model."""
    try:
        data = read_limited(path, TOML_BYTES)
        tables = parse_toml(data)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}; fer-edge run --print-config prints one"
        ) from error
    except SchemaError as error:
        raise ConfigError(f"{path}: {error}") from error
    table = tables.get("model")
    table = table if isinstance(table, dict) else {}
    secrets = {name: value for name, value in os.environ.items() if value and is_secret(name)}
    return Configuration(data, secrets, str(table.get("delegate") or "")), table


def check_config(path: Path) -> None:
    """Check a configuration with `fer-edge run`, before anything is sent.

    Raises:
        ConfigError: A key or value is invalid.
    """
    done = subprocess.run(
        module_command("fer_edge", "run", "--config", str(path), "--print-config"),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["fer-edge run refuses it"]
        raise ConfigError(lines[-1].removeprefix("fer-edge: error: ").removeprefix("Error: "))


def check_wheel_folder(folder: Path | None) -> None:
    """Reject a folder of wheels that does not exist.

    Raises:
        ConfigError: It does not exist.
    """
    if folder is not None and not folder.is_dir():
        raise ConfigError(f"--wheels {folder} does not exist; expected a folder of .whl files")
