"""What our own sinks know beyond what every sink is told: the options that are theirs."""

from collections.abc import Callable
from dataclasses import dataclass

from .config import OutputsConfig
from .mqtt.config import MqttConfig
from .sink import SinkContext
from .web.config import WebConfig

Comparison = Callable[[], str | None]
"""Called for a text about the model of --compare, None while there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnContext(SinkContext):
    """What our own sinks are told of the run.

    Attributes:
        outputs: The options of files, terminal and window.
        web: The options of the live page.
        mqtt: The options of the broker.
        comparison: What is said of the second model; None if there is none.
    """

    outputs: OutputsConfig
    web: WebConfig
    mqtt: MqttConfig
    comparison: Comparison | None = None

    def for_others(self) -> SinkContext:
        """Return what other packages' sinks are told."""
        return SinkContext(self.source, self.labels, self.model, self.is_quiet)
