"""Archives of short clips in which a head moves, and readers of their results."""

import hashlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.pictures.sample_photo import sample_photo
from fer_edge.runtime.archive.config import (
    ArchiveConfig,
    EngineConfig,
    ReadingConfig,
    ResultsConfig,
)

RATE_HZ = 10


def head(shift: int = 0) -> NDArray[np.uint8]:
    """Cut the head out of the sample photograph, shifted by pixels: uint8 (176, 208, 3), BGR."""
    photo = cv2.imread(str(sample_photo()))
    assert photo is not None
    small = cv2.resize(photo, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small[10:186, 10 + shift : 218 + shift])


def make_clip(path: Path, *, frames: int = 8, seed: int = 0, gap: int = 250) -> Path:
    """Write a clip of a head that moves, with a key frame every `gap` frames."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE_HZ)
        stream.width, stream.height, stream.pix_fmt = 208, 176, "yuv420p"
        stream.codec_context.gop_size = gap
        stream.options = {"x264-params": f"scenecut=0:keyint={gap}"}
        for number in range(frames):
            image = head((3 * number + 7 * seed) % 24)
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, RATE_HZ)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def make_archive(folder: Path, clips: int = 6) -> Path:
    """Make different clips in subfolders of two clips each; return the folder."""
    for number in range(clips):
        make_clip(folder / f"room-{number // 2}" / f"clip-{number}.mp4", seed=number)
    return folder


def config(out: Path, **more: Any) -> ArchiveConfig:
    """Return a configuration; `more` are fields of its parts for reading, results and engine."""

    def part(cls: type) -> Any:
        names = cls.__dataclass_fields__  # type: ignore[attr-defined]
        return cls(**{name: value for name, value in more.items() if name in names})

    more["out"] = out
    return ArchiveConfig(part(ReadingConfig), part(ResultsConfig), part(EngineConfig))


def files_of(out: Path) -> list[Path]:
    """Return the paths of the result files."""
    return sorted(path for path in (out / "faces").glob("*/*") if path.suffix != ".json")


def rows_of(out: Path) -> list[dict[str, Any]]:
    """Return all rows, sorted by source, span, frame and face."""
    import pyarrow.parquet

    rows = [row for path in files_of(out) for row in pyarrow.parquet.read_table(path).to_pylist()]
    return sorted(rows, key=lambda row: (row["source"], row["span"], row["frame"], row["face"]))


def digest_of(out: Path) -> str:
    """Return the SHA-256 digest of all rows, with all digits of their numbers."""
    return hashlib.sha256("\n".join(map(repr, rows_of(out))).encode()).hexdigest()
