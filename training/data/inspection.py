"""Inspection of a face set before training."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import OutputError
from fer_edge.faces.faceset import SPLITS, FaceSet
from fer_edge.faces.labels import drawable
from fer_edge.faces.votes import no_face
from fer_edge.files import whole_file
from fer_edge.shown import csv_text

COLUMNS = 16
_FONT, _SCALE, _LINE_PX = cv2.FONT_HERSHEY_SIMPLEX, 0.4, 16


@dataclass(frozen=True, slots=True)
class SplitReport:
    """Report on one split; all fields except its name are numbers of faces.

    Attributes:
        split: Name of the split.
        faces: All faces.
        repeated: Duplicates (identical pixels) of an earlier face of this split.
        also_in: Duplicates of a face in another split: in train, in validation, in test; 0 for the
            split itself.
        contradicting: Faces whose duplicate somewhere in the set has another label.
        blank: Pictures with a single gray value.
        non_faces: Pictures that most FER+ taggers called unknown or not a face; None without votes.
    """

    split: str
    faces: int
    repeated: int
    also_in: tuple[int, int, int]
    contradicting: int
    blank: int
    non_faces: int | None


def inspect_faces(faces: FaceSet) -> tuple[SplitReport, ...]:
    """Report on each split, including empty ones."""
    contradicting, blank = contradicting_faces(faces), blank_faces(faces)
    non_faces = None if faces.votes is None else no_face(faces.votes)
    reports = []
    for code, split in enumerate(SPLITS):
        rows = faces.split == code
        reports.append(
            SplitReport(
                split=split,
                faces=int(rows.sum()),
                repeated=int(rows.sum()) - len(np.unique(faces.pictures[rows])),
                also_in=(
                    int(faces.duplicates[rows].sum()),  # also known in a subset without train
                    _shared(faces, code, 1),
                    _shared(faces, code, 2),
                ),
                contradicting=int(contradicting[rows].sum()),
                blank=int(blank[rows].sum()),
                non_faces=None if non_faces is None else int(non_faces[rows].sum()),
            )
        )
    return tuple(reports)


def contradicting_faces(faces: FaceSet) -> NDArray[np.bool_]:
    """Mark faces with a duplicate of another label in the set: bool, (n,)."""
    count = faces.pictures.max() + 1
    low, high = np.full(count, 255), np.zeros(count, int)
    np.minimum.at(low, faces.pictures, faces.labels)
    np.maximum.at(high, faces.pictures, faces.labels)
    marked: NDArray[np.bool_] = (low != high)[faces.pictures]
    return marked


def blank_faces(faces: FaceSet) -> NDArray[np.bool_]:
    """Mark pictures with a single gray value: bool, (n,)."""
    flat = faces.images.reshape(len(faces), -1)
    marked: NDArray[np.bool_] = flat.min(axis=1) == flat.max(axis=1)
    return marked


def count_table(faces: FaceSet) -> str:
    """Format the faces per split and class as a table."""
    counts = faces.counts()
    clean = [int(((faces.split == code) & ~faces.duplicates).sum()) for code in range(len(SPLITS))]
    return _table(
        [
            *((name, counts[:, label]) for label, name in enumerate(faces.class_names)),
            ("all", counts.sum(axis=1)),
            ("without duplicate", clean),
        ]
    )


def report_table(reports: tuple[SplitReport, ...]) -> str:
    """Format the reports as a table."""
    rows = [
        ("duplicate of an earlier one", [report.repeated for report in reports]),
        *(
            (f"also in {split}", [report.also_in[code] for report in reports])
            for code, split in enumerate(SPLITS)
            if reports[code].faces or any(report.also_in[code] for report in reports)
        ),
        ("same picture, other label", [report.contradicting for report in reports]),
        ("blank (one gray value)", [report.blank for report in reports]),
    ]
    voted = [report.non_faces for report in reports if report.non_faces is not None]
    if voted:
        rows.append(("unknown or not a face (FER+)", voted))
    return _table(rows)


def save_duplicates(faces: FaceSet, path: Path) -> int:
    """Write all duplicate faces of the set as CSV, grouped by picture.

    Returns:
        Number of faces written.

    Raises:
        OutputError: The file cannot be written.
    """
    counts = np.bincount(faces.pictures)
    rows = np.flatnonzero(counts[faces.pictures] > 1)
    rows = rows[np.argsort(faces.pictures[rows], kind="stable")]
    with whole_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["picture", "row", "split", "class"])
        for row in rows:
            split, name = SPLITS[faces.split[row]], faces.class_names[faces.labels[row]]
            table.writerow([faces.pictures[row], row, split, csv_text(name)])
    return len(rows)


def sample_sheet(faces: FaceSet, path: Path) -> None:
    """Write a PNG with a row of random faces per split and class.

    Raises:
        OutputError: The file cannot be written.
    """
    random = np.random.default_rng(0)
    height, width = faces.images.shape[1:]
    names = [drawable(name) for name in faces.class_names]
    texts = [*names, "validation 99999"]
    margin = 8 + max(cv2.getTextSize(text, _FONT, _SCALE, 1)[0][0] for text in texts)
    rows = []
    for split in faces.split_names:
        part = faces.part(split)
        for label, name in enumerate(names):
            members = np.flatnonzero(part.labels == label)
            chosen = random.permutation(members)[:COLUMNS]
            row = np.full((max(height, 2 * _LINE_PX + 8), margin + COLUMNS * width), 255, np.uint8)
            for line, text in enumerate((name, f"{split} {len(members)}")):
                place = (4, _LINE_PX * (line + 1))
                cv2.putText(row, text, place, _FONT, _SCALE, 0, 1, cv2.LINE_AA)
            for column, index in enumerate(chosen):
                left = margin + column * width
                row[:height, left : left + width] = part.images[index]
            rows.append(row)
    done, data = cv2.imencode(".png", np.vstack(rows))
    if not done:
        raise OutputError(f"{path}: the samples cannot be encoded as PNG")
    with whole_file(path) as temporary:
        temporary.write_bytes(data.tobytes())


def _shared(faces: FaceSet, code: int, other: int) -> int:
    if code == other:
        return 0
    mine = faces.pictures[faces.split == code]
    return int(np.isin(mine, faces.pictures[faces.split == other]).sum())


def _table(rows: Sequence[tuple[str, Sequence[int] | NDArray[np.int64]]]) -> str:
    width = max(len(name) for name, _ in rows)
    lines = [" " * width + "".join(f"{name:>12}" for name in SPLITS)]
    lines += [f"{name:{width}}" + "".join(f"{int(n):12,}" for n in counts) for name, counts in rows]
    return "\n".join(lines)
