"""Options of a conversion; importing them does not import TensorFlow."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, Literal, get_args

from fer_edge.errors import ConfigError
from fer_edge.faces.light import Light
from fer_edge.model.card import Gate
from fer_edge.ranges import check_range
from fer_edge.shown import printable

from .option_values import check_choice, names_in

Variant = Literal["float32", "float16", "dynamic", "int8", "int16x8"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)
IntegerType = Literal["uint8", "int8"]

CLIP_PERCENTILES = (50, 100)
"""Range of the percentile at which activations are clipped; above the first one."""

MOST_OFFSET = 100.0
"""Largest logit offset in either direction; with 10, a class is e^10 = 22,000 times as probable."""


@dataclass(frozen=True, slots=True)
class Exceptions:
    """Exceptions from plain int8, in the file of post-training quantization.

    Attributes:
        keep_float: Layers to keep float32; names as in the layer report.
        keep_int16: Layers with int8 weights and int16 activations.
        clip_percentile: Percentile at which activations are clipped, above 50 to 100.
        per_channel_dense: Whether dense layers have one scale per output instead of one.

    Raises:
        ConfigError: The percentile is out of range, or the layers are not a tuple of names.
    """

    keep_float: tuple[str, ...] = ()
    keep_int16: tuple[str, ...] = ()
    clip_percentile: float = 100.0
    per_channel_dense: bool = False

    def __post_init__(self) -> None:
        for key in ("keep_float", "keep_int16"):
            names = getattr(self, key)
            # the way to set a field of a frozen dataclass
            object.__setattr__(self, key, names_in(names, key) if names else ())
        check_range("clip_percentile", self.clip_percentile, *CLIP_PERCENTILES, is_above=True)

    def in_words(self) -> tuple[str, ...]:
        """Describe each exception for the card; empty for plain int8."""
        return (
            *(f"{name} float32" for name in self.keep_float),
            *(f"{name} int16" for name in self.keep_int16),
            *([f"clipped at {self.clip_percentile:g}%"] if self.clip_percentile < 100 else []),
            *(["dense layers per channel"] if self.per_channel_dense else []),
        )


@dataclass(frozen=True, slots=True)
class Options:
    """What to convert, and how.

    Attributes:
        variants: Files to write; int8 is one file by post-training quantization and, if the source
            has such a network, one by quantization-aware training.
        input_type: Input type of the int8 files.
        output_type: Output type of the int8 files.
        exceptions: Layers that are not int8 in the file of post-training quantization.
        calibration_faces: Number of faces for post-training quantization.
        calibration_seed: Random seed of their selection.
        gate: Requirement for writing a file.
        overwrite: Whether existing files may be replaced.
        logit_offsets: Value to add to the logit of a class, by its name; -100 to 100.
        layer_report: Whether to measure every layer of the int8 files, and to draw it as
            NAME-layers.png.
        light: What happens to dark, pale and noisy faces before models read them, as the cards
            state; None corrects them for runs, and leaves them unchanged for other networks.
        targets: Edge targets, by name (edgetpu, c-array, or another package's), whose files are
            created for each int8 file.

    Raises:
        ConfigError: A value is unknown or out of its range.
    """

    variants: tuple[Variant, ...] = ("int8",)
    input_type: IntegerType = "uint8"
    output_type: IntegerType = "uint8"
    exceptions: Exceptions = field(default_factory=Exceptions)
    calibration_faces: int = 2048
    calibration_seed: int = 0
    gate: Gate = field(default_factory=Gate)
    overwrite: bool = False
    logit_offsets: Mapping[str, float] = field(default_factory=dict, hash=False)
    layer_report: bool = False
    targets: tuple[str, ...] = ()
    light: Light | None = None

    def __post_init__(self) -> None:
        names = names_in(self.variants, "variants")
        for name in names:
            check_choice(name, "a variant", VARIANTS)
        # the way to set a field of a frozen dataclass; each file is written once
        object.__setattr__(self, "variants", tuple(dict.fromkeys(names)))
        check_choice(self.input_type, "input_type", get_args(IntegerType))
        check_choice(self.output_type, "output_type", get_args(IntegerType))
        if self.light is not None:
            check_choice(self.light, "light", get_args(Light))
        # not in Gate itself: a card of an earlier version may have any numbers
        check_range("gate.max_drop_points", self.gate.max_drop_points, 0, 100)
        check_range("gate.min_agreement", self.gate.min_agreement, 0, 1)
        check_range("calibration_faces", self.calibration_faces, 1, is_whole=True)
        check_range("calibration_seed", self.calibration_seed, 0, is_whole=True)
        object.__setattr__(self, "logit_offsets", _offsets(self.logit_offsets))
        targets = names_in(self.targets, "targets") if self.targets else ()
        object.__setattr__(self, "targets", tuple(dict.fromkeys(targets)))


def is_offset(value: Any) -> bool:
    """Return whether a real number can be added to a logit."""
    return bool(abs(value) <= MOST_OFFSET)  # False for NaN


def _offsets(value: object) -> dict[str, float]:
    are_offsets = isinstance(value, Mapping) and all(
        isinstance(name, str) and isinstance(offset, Real) and is_offset(offset)
        for name, offset in value.items()
    )
    if not isinstance(value, Mapping) or not are_offsets:
        raise ConfigError(
            f"logit_offsets is {printable(repr(value))}, expected numbers from "
            f"{-MOST_OFFSET:g} to {MOST_OFFSET:g} by class, such as {{'contempt': 0.78}}"
        )
    return {name: float(offset) for name, offset in value.items()}
