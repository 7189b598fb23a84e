"""Settings that determine the rows of a result file."""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fer_edge.aligner.file import bundled_aligner
from fer_edge.detector.file import bundled_detectors
from fer_edge.model.bundled import bundled_models, find_model
from fer_edge.schema import encode

from ..recognition.config import RecognitionConfig
from ..recognition.model_config import ModelConfig
from ..tracking.config import FacesConfig
from .config import ArchiveConfig, FormatName, ReadingConfig

ROWS_VERSION = 1
"""Version of the columns and their meaning."""

DETECT_ALWAYS_FROM_S = 0.2
"""Above this distance between frames, faces are detected in each of them, without optical flow."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a unit is processed, including the digests of the models.

    Attributes:
        reading: Part of each video that is processed.
        model: Expression model.
        faces: Face detection and tracking.
        recognition: From predictions to labels.
        format: Format of the result files.
        model_digest: SHA-256 of the model file.
        detector_digest: SHA-256 of the detector's model file, also of the bundled one; empty for
            that of another package.
        aligner_digest: SHA-256 of the aligner; empty without alignment.
    """

    reading: ReadingConfig
    model: ModelConfig
    faces: FacesConfig
    recognition: RecognitionConfig
    format: FormatName
    model_digest: str
    detector_digest: str
    aligner_digest: str

    def options(self) -> dict[str, Any]:
        """Return the settings that determine the rows as plain data, one key per option."""
        flat: dict[str, Any] = {"rows": ROWS_VERSION, "format": self.format}
        for part in (self.reading, self.faces, self.recognition):
            flat |= encode(part)
        # the digest represents the file, wherever it is; threads do not change the rows
        flat |= {"delegate": self.model.delegate, "detector_model": self.detector_digest[:16]}
        return {**flat, "aligner": self.aligner_digest[:16], "model": self.model_digest[:16]}

    def digest(self) -> str:
        """Return 16 hexadecimal digits that identify `options`."""
        text = json.dumps(self.options(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def resolve_settings(config: ArchiveConfig) -> Settings:
    """Find the models and compute their digests.

    Raises:
        ModelError: The model does not exist.
        OSError: A model file cannot be read.
    """
    name = config.model.model
    model = find_model(name).absolute()
    faces, own = config.faces, config.faces.detector_model
    detector, aligner = detector_file(faces), aligner_file(config.recognition)
    if config.reading.every_s >= DETECT_ALWAYS_FROM_S:
        faces = replace(faces, every=1)
    if own is not None:
        faces = replace(faces, detector_model=own.absolute())
    return Settings(
        reading=config.reading,
        # a bundled model may have another path on another node
        model=replace(config.model, model=name if name in bundled_models() else str(model)),
        faces=faces,
        recognition=config.recognition,
        format=config.results.format,
        model_digest=file_digest(model),
        detector_digest="" if detector is None else file_digest(detector),
        aligner_digest="" if aligner is None else file_digest(aligner),
    )


def detector_file(faces: FacesConfig) -> Path | None:
    """Return the detector's model file; None if it is missing, or another package's."""
    path = faces.detector_model
    if path is None and faces.detector == "yunet":
        path = bundled_detectors()["yunet"]
    return path if path is not None and path.is_file() else None


def aligner_file(recognition: RecognitionConfig) -> Path | None:
    """Return the file of the aligner; None without alignment."""
    return None if recognition.alignment == "off" else bundled_aligner()


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
