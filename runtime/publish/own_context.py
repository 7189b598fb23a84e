"""Additional data for fer-edge's own sinks: their options."""

from collections.abc import Callable
from dataclasses import dataclass

from .config import OutputsConfig
from .mqtt.config import MqttConfig
from .sink import SinkContext
from .web.config import WebConfig

Comparison = Callable[[], str | None]
"""Called for a text about the model of --compare, None without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnContext(SinkContext):
    """Context of fer-edge's own sinks.

    Attributes:
        outputs: Options of files, terminal and window.
        web: Options of the live page.
        mqtt: Options of the broker.
        comparison: Function that describes the comparison with a second model; None without one.
    """

    outputs: OutputsConfig
    web: WebConfig
    mqtt: MqttConfig
    comparison: Comparison | None = None

    def for_others(self) -> SinkContext:
        """Return the context for other packages' sinks."""
        return SinkContext(self.source, self.labels, self.model, self.is_quiet)
