"""What is to be brought to devices, read and checked on this machine first."""

import hashlib
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer_edge.child import module_command
from fer_edge.documents import parse_toml, read_limited
from fer_edge.errors import ConfigError, DeployError
from fer_edge.limits import TOML_BYTES
from fer_edge.model.bundled import DEFAULT_MODEL, bundled_models, find_model
from fer_edge.model.file import read_model
from fer_edge.schema import SchemaError

from .own_wheel import OwnWheel
from .situation import ReleasedModel

SECRETS = ("FER_EDGE_MQTT_PASSWORD", "FER_EDGE_WEB_TOKEN", "FER_EDGE_INPUT", "FER_EDGE_SINK_")
"""Beginnings of the variables that `fer-edge service` takes passwords and tokens from."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model to bring.

    Attributes:
        data: The .tflite file.
        note: What the release says of it.
    """

    data: bytes
    note: ReleasedModel


@dataclass(frozen=True, slots=True)
class Configuration:
    """A configuration to bring.

    Attributes:
        data: The file, which may hold secrets.
        secrets: Variables of this shell that hold others.
        delegate: What the model runs on, as `fer-edge run --delegate` takes it; empty for the CPU.
    """

    data: bytes
    secrets: dict[str, str]
    delegate: str

    @property
    def digest(self) -> str:
        """Identify it with its secrets."""
        parts = [self.data.decode("utf-8", "replace"), self.secrets]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a device shall have; None is what it has already.

    Attributes:
        wheel: fer-edge.
        model: The model.
        config: What the service runs.
        is_model_alone: Nothing but the model was named, so nothing else is brought.
    """

    wheel: OwnWheel
    model: Model | None
    config: Configuration | None
    is_model_alone: bool


def read_delivery(wheel: OwnWheel, model: str | None, config: Path | None) -> Delivery:
    """Read what was named.

    Args:
        wheel: fer-edge.
        model: A bundled model's name, or a file; else the configuration's.
        config: A configuration of `fer-edge run`.

    Raises:
        ConfigError: The configuration is wrong.
        ModelError: The model is missing, damaged, or has no card.
    """
    alone = model is not None and config is None
    chosen = None if config is None else _read_config(config)
    if chosen is not None and config is not None and model is None:
        named = str(chosen[1].get("model", DEFAULT_MODEL))
        model = named if named in bundled_models() else str(config.parent / named)
    return Delivery(
        wheel=wheel,
        model=None if model is None else read_named_model(model),
        config=None if chosen is None else chosen[0],
        is_model_alone=alone,
    )


def read_named_model(name: str) -> Model:
    """Read a model by its name or path.

    Raises:
        ModelError: It is missing, damaged, or has no card.
    """
    path = find_model(name)
    labels = read_model(path).card.labels
    data = path.read_bytes()
    return Model(data, ReleasedModel(path.stem, hashlib.sha256(data).hexdigest(), labels))


def _read_config(path: Path) -> tuple[Configuration, dict[str, Any]]:
    """Return the configuration, and its table on the model."""
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
    secrets = {
        name: value for name, value in os.environ.items() if value and name.startswith(SECRETS)
    }
    return Configuration(data, secrets, str(table.get("delegate") or "")), table


def check_config(path: Path) -> None:
    """Have `fer-edge run` check a configuration, before anything travels.

    Raises:
        ConfigError: A key or a value is wrong.
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
    """Refuse a folder of wheels that does not exist.

    Raises:
        DeployError: It does not.
    """
    if folder is not None and not folder.is_dir():
        raise DeployError(f"--wheels {folder} does not exist; expected a folder of .whl files")
