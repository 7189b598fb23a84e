"""The options of an import, and their ranges."""

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from fer_edge.errors import ConfigError
from fer_edge.ranges import check_range

from .class_naming import Classes

SIZES_PX = (8, 512)
"""Smallest and largest side of the stored faces."""

VALIDATION_SHARES = (0, 0.9)
"""Smallest and largest share of the training faces that becomes validation."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Options of an import."""

    size_px: int | None = None
    """Side to which faces are resized. None: 48 for pictures in folders; faces in a CSV file or a
    `.npz` keep their size."""
    validation_share: float | None = None
    """Share of each class that is moved from train to validation; an existing validation split is
    added to test, and 0 moves nothing. None moves a tenth, or nothing if there is a validation
    split."""
    seed: int = 0
    """Random seed of that split."""
    votes: str | Path | None = None
    """FER+'s fer2013new.csv, for fer2013.csv."""
    classes: Classes = "own"
    """own: the existing classes, with synonyms of FER2013's (anger, fearful, ...) renamed to
    FER2013's names; as-named: all names unchanged; ferplus: the eight classes of FER+, from the
    votes."""
    labels: tuple[str, ...] | None = None
    """Names for the numbers of a CSV file, or of folders, from 0 on. None: FER2013's."""
    skip_broken: bool = False
    """Whether to skip unreadable files and rows, and log their number."""
    limit_px: int | None = None
    """Largest picture in pixels; larger ones are rejected before decoding. None: 120 million."""

    def __post_init__(self) -> None:
        """Reject values out of range.

        Raises:
            ConfigError: A value is unknown, out of range or of another kind.
        """
        check_range("size_px", self.size_px, *SIZES_PX, is_whole=True, is_optional=True)
        share = self.validation_share
        check_range("validation_share", share, *VALIDATION_SHARES, is_optional=True)
        check_range("seed", self.seed, 0, is_whole=True)
        check_range("limit_px", self.limit_px, 1, is_whole=True, is_optional=True)
        if self.classes not in get_args(Classes):
            raise ConfigError(
                f"'classes' is {self.classes!r:.80}, expected one of {', '.join(get_args(Classes))}"
            )
