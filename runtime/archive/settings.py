"""What decides the rows of a file of results: another value gives other rows."""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fer_edge.model.bundled import bundled_models, find_model
from fer_edge.schema import encode

from ..recognition.config import RecognitionConfig
from ..recognition.model_config import ModelConfig
from ..tracking.config import FacesConfig
from .config import ArchiveConfig, FormatName, ReadingConfig

ROWS_VERSION = 1
"""Of the columns and their meaning."""

DETECT_ALWAYS_FROM_S = 0.2
"""Frames that are so far apart are not followed by optical flow: each is searched for faces."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a unit is read, with the models' own digests.

    Attributes:
        reading: How much of each video is read.
        model: What recognizes expressions.
        faces: How faces are found and followed.
        recognition: How readings become labels.
        format: Of the file of results.
        model_digest: SHA-256 of the model's file.
        detector_digest: SHA-256 of the detector's own model file; empty for that of a package.
    """

    reading: ReadingConfig
    model: ModelConfig
    faces: FacesConfig
    recognition: RecognitionConfig
    format: FormatName
    model_digest: str
    detector_digest: str

    def options(self) -> dict[str, Any]:
        """Return what decides the rows, as plain data, one key for each option."""
        flat: dict[str, Any] = {"rows": ROWS_VERSION, "format": self.format}
        for part in (self.reading, self.faces, self.recognition):
            flat |= encode(part)
        # the digest stands for the file, wherever it lies; threads change no row
        flat |= {"delegate": self.model.delegate, "detector_model": self.detector_digest[:16]}
        return {**flat, "model": self.model_digest[:16]}

    def digest(self) -> str:
        """Return 16 hexadecimal digits that stand for `options`."""
        text = json.dumps(self.options(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def resolve_settings(config: ArchiveConfig) -> Settings:
    """Find the models and take their digests.

    Raises:
        ModelError: There is no such model.
        OSError: A model file cannot be read.
    """
    name = config.model.model
    model = find_model(name).absolute()
    faces, own = config.faces, config.faces.detector_model
    if config.reading.every_s >= DETECT_ALWAYS_FROM_S:
        faces = replace(faces, every=1)
    if own is not None:
        faces = replace(faces, detector_model=own.absolute())
    return Settings(
        reading=config.reading,
        # a bundled one may lie elsewhere on another node
        model=replace(config.model, model=name if name in bundled_models() else str(model)),
        faces=faces,
        recognition=config.recognition,
        format=config.results.format,
        model_digest=file_digest(model),
        detector_digest="" if own is None or not own.is_file() else file_digest(own),
    )


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
