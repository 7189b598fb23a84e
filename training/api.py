"""What `fer-edge train` does, for Python: `fer_edge.training.train`."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.evaluation.evaluation import Evaluation
from fer_edge.faces.faceset import FaceSet, load_faceset
from fer_edge.runfolder import FLOAT_MODEL, QAT_MODEL

from .backend.cluster import Cluster
from .data.importing import import_faces
from .loop.run_place import Existing
from .recipes.recipe import Recipe, RecipeChanges, load_recipe
from .reporting.eventlog import EventLog
from .reporting.history import Epoch, StageName

if TYPE_CHECKING:
    from typing_extensions import Unpack  # typing has it from Python 3.11 on


@dataclass(frozen=True, slots=True)
class TrainedRun:
    """A finished run.

    Attributes:
        folder: Its files: docs/how-to/train.md lists them.
        recipe: What decided it.
        faces: What it learned from, and was scored by.
        scores: Of the float network, on the validation faces.
        is_first: Whether this process wrote the folder; of several that trained together, one.
    """

    folder: Path
    recipe: Recipe
    faces: FaceSet
    scores: Evaluation
    is_first: bool = True

    @property
    def float_network(self) -> Path:
        """The Keras 3 file of the best epoch, from float32 (n, size, size, 1) in [0, 1]."""
        return self.folder / FLOAT_MODEL

    @property
    def quantized_network(self) -> Path | None:
        """The tf-keras file of the quantization-aware stage; None without it."""
        path = self.folder / QAT_MODEL
        return path if path.exists() else None


def train(
    data: str | Path | FaceSet,
    out: str | Path,
    recipe: str | Path | Recipe = "four-block",
    *,
    qat: bool = False,
    existing: Existing = "refuse",
    devices: int | Cluster = 1,
    tensorboard: str | Path | None = None,
    on_epoch: Callable[[StageName, Epoch], None] | None = None,
    **changes: "Unpack[RecipeChanges]",
) -> TrainedRun:
    """Train a network on a face set: float first, then, with `qat`, with int8 rounding.

    The run lives in `NAME.partial` until it is complete; killed at any moment it goes on with
    `existing="resume"`, which also adds `qat` to a run that is complete.

    Args:
        data: A `.npz` face set, a csv, a folder of classes, or a `FaceSet`, with a validation part.
        out: The run folder.
        recipe: A bundled recipe's name, a TOML file, or a recipe.
        qat: Whether to add the quantization-aware stage, which needs TensorFlow.
        existing: Where a run is there: refuse to touch it, resume it, or overwrite it.
        devices: So many GPUs share each batch, on JAX; a `Cluster` for those of other processes,
            each of which calls this, too. The first one's run folder is written.
        tensorboard: A folder for a TensorBoard log.
        on_epoch: Called after each epoch with the stage, float or qat.
        changes: Keys that replace the recipe's own, such as `epochs` and `start`.

    Raises:
        RecipeError: The recipe, or a change, is wrong.
        DatasetError: The data cannot be read.
        OutputError: The run folder exists, or cannot be written.
        TrainingError: The run cannot start, go on or be finished.
        MissingExtraError: Something is not installed; the message names the extra.
    """
    resolved = load_recipe(recipe, **changes)
    name, faces = open_faces(data)
    cluster = devices if isinstance(devices, Cluster) else Cluster(devices)

    # Keras takes seconds to import: after the cheap errors
    from .backend.devices import spread
    from .backend.processes import process_id
    from .run import run_stages

    with spread(cluster, resolved.batch_size), _own_folder(Path(out)) as folder:
        is_first = process_id() == 0
        scores = run_stages(
            resolved,
            faces,
            folder,
            data_name=name,
            qat=qat,
            existing=existing,
            on_epoch=_report(on_epoch, tensorboard) if is_first else lambda stage, epoch: None,
        )
    return TrainedRun(Path(out), resolved, faces, scores, is_first=is_first)


def _report(
    on_epoch: Callable[[StageName, Epoch], None] | None, tensorboard: str | Path | None
) -> Callable[[StageName, Epoch], None]:
    """Return what takes each epoch."""
    events = EventLog(Path(tensorboard)) if tensorboard else None

    def report(stage: StageName, epoch: Epoch) -> None:
        if on_epoch:
            on_epoch(stage, epoch)
        if events:
            events.add(stage, epoch)

    return report


@contextmanager
def _own_folder(out: Path) -> Iterator[Path]:
    """Yield the run folder; in processes behind the first a passing one, which takes its place."""
    from .backend.processes import process_id

    if process_id() == 0:
        yield out
        return
    with tempfile.TemporaryDirectory(prefix="fer-edge-") as folder:
        yield Path(folder) / "run"


def open_faces(data: str | Path | FaceSet) -> tuple[str, FaceSet]:
    """Return a face set's name for the card, and the face set.

    Raises:
        DatasetError: The data cannot be read.
    """
    if isinstance(data, FaceSet):
        return "face set", data
    path = Path(data)
    return path.name, load_faceset(path) if path.suffix == ".npz" else import_faces(path)
