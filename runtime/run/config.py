"""The configuration of a run: all options of `fer-edge run` as one value.

The command line's options are the fields of this tree; a file can set them, see `config_file`.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fer_edge.cli.needs import Needs, together
from fer_edge.cli.option_fields import based_at, check_ranges, option, option_fields

from ..capture.config import SourceConfig
from ..publish.config import OutputsConfig
from ..publish.mqtt.config import MqttConfig
from ..publish.web.config import WebConfig
from ..recognition.config import RecognitionConfig
from ..recognition.model_config import ModelConfig
from ..tracking.config import FacesConfig

PARTS: dict[str, type] = {
    "source": SourceConfig,
    "model": ModelConfig,
    "faces": FacesConfig,
    "recognition": RecognitionConfig,
    "outputs": OutputsConfig,
    "web": WebConfig,
    "mqtt": MqttConfig,
}
"""The fields of `RunConfig` with nested fields; the tables of a configuration file."""

Given = Mapping[str, Mapping[str, Any]]
"""Part -> field -> value; fields of `RunConfig` itself are under an empty name."""


@dataclass(frozen=True, slots=True)
class RunConfig:
    """All settings of a run.

    Attributes:
        max_frames: Number of frames after which to stop; None reads all.
        source: Source of frames.
        model: Expression model.
        faces: Face detection and tracking.
        recognition: From predictions to labels.
        outputs: Terminal, files, window.
        web: Live page.
        mqtt: States for a broker.
    """

    max_frames: int | None = option(
        "--max-frames", at_least=1, metavar="N", help="Number of frames after which to stop."
    )
    source: SourceConfig = field(default_factory=SourceConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    faces: FacesConfig = field(default_factory=FacesConfig)
    recognition: RecognitionConfig = field(default_factory=RecognitionConfig)
    outputs: OutputsConfig = field(default_factory=OutputsConfig)
    web: WebConfig = field(default_factory=WebConfig)
    mqtt: MqttConfig = field(default_factory=MqttConfig)

    def __post_init__(self) -> None:
        check_ranges(self)

    def parts(self) -> Iterator[tuple[str, Any]]:
        """Yield each part with its name."""
        for name in PARTS:
            yield name, getattr(self, name)

    def with_values(self, given: Given) -> "RunConfig":
        """Return the configuration with other values for some fields.

        A camera instead of an input, or the reverse, replaces the whole source, since size and rate
        belonged to the old one.

        Raises:
            ConfigError: A value is invalid, or two values contradict each other.
        """
        parts, named = dict(self.parts()), given.get("source", {}).keys()
        if ("input" in named and self.source.camera is not None) or (
            "camera" in named and self.source.input is not None
        ):
            parts["source"] = SourceConfig()
        changed = {
            name: dataclasses.replace(part, **given.get(name, {})) for name, part in parts.items()
        }
        return dataclasses.replace(self, **given.get("", {}), **changed)

    def based_at(self, folder: Path) -> "RunConfig":
        """Return the configuration with its relative paths resolved against a folder."""
        moved: dict[str, Any] = {name: based_at(part, folder) for name, part in self.parts()}
        moved["outputs"] = moved["outputs"].based_at(folder)
        return dataclasses.replace(self, **moved)

    def completed(self, environment: Mapping[str, str]) -> "RunConfig":
        """Return the configuration, completed from the environment."""
        return dataclasses.replace(
            self,
            source=self.source.completed(environment),
            outputs=self.outputs.completed(environment),
            web=self.web.completed(environment),
        )

    def needs(self) -> Needs:
        """Return the system resources that the run needs."""
        asking = (self.source, self.model, self.faces, self.outputs, self.web, self.mqtt)
        return together(part.needs() for part in asking)

    def files_read(self) -> Iterator[tuple[str, Path]]:
        """Yield each file or folder that an option names to be read, and its name in messages."""
        for table, part in self.parts():
            for name, found in option_fields(part) if table != "outputs" else ():
                value = getattr(part, name)
                if found.is_place is not None and value and found.is_place(str(value)):
                    flag = found.flags[0]
                    is_input = flag == "--input"
                    yield "the input itself" if is_input else f"the file of {flag}", Path(value)

    def secrets(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return passwords and tokens, as the environment variables that the run reads.

        Args:
            environment: May contain secrets that are not in the configuration.
        """
        return {
            **self.source.secrets(environment),
            **self.outputs.secrets(environment),
            **self.web.secrets(environment),
            **self.mqtt.secrets(environment),
        }

    def without_secrets(self) -> "RunConfig":
        """Return the configuration without secrets."""
        return dataclasses.replace(
            self,
            source=self.source.without_secrets(),
            outputs=self.outputs.without_secrets(),
            web=self.web.without_secrets(),
            mqtt=self.mqtt.without_secrets(),
        )
