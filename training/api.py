"""Python interface of `fer-edge train`: `fer_edge.training.train`."""

import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.evaluation.evaluation import Evaluation
from fer_edge.faces.faceset import FaceSet, load_faceset
from fer_edge.runfolder import FLOAT_MODEL, HISTORY, QAT_MODEL, named

from .backend.cluster import Cluster
from .data.import_options import ImportOptions
from .data.importing import import_faces, untrained_classes
from .data.source_kind import source_kind
from .loop.run_place import Existing, Place
from .loop.schedule import Stopping
from .recipes.recipe import Recipe, RecipeChanges, load_recipe
from .reporting.eventlog import EventLog
from .reporting.history import Epoch, StageName, load_history

if TYPE_CHECKING:
    from typing_extensions import Unpack  # in typing since Python 3.11

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrainedRun:
    """A finished run.

    Attributes:
        folder: Run folder; docs/how-to/train.md lists its files.
        recipe: Recipe of the run.
        faces: Face set for training and validation.
        scores: Scores of the float network on the validation faces.
        is_first: Whether this process wrote the folder; one of several that trained together does.
    """

    folder: Path
    recipe: Recipe
    faces: FaceSet
    scores: Evaluation
    is_first: bool = True

    @property
    def float_network(self) -> Path:
        """Keras 3 file of the epoch to keep, from float32 (n, size, size, 1) in [0, 1]."""
        return self.folder / FLOAT_MODEL

    @property
    def kept_epoch(self) -> Epoch:
        """Epoch of the float network, chosen by the recipe's `monitor`."""
        stopping = Stopping(self.recipe.epochs, self.recipe.monitor)
        return stopping.best(load_history(self.folder / HISTORY))

    @property
    def quantized_network(self) -> Path | None:
        """tf-keras file of the quantization-aware stage; None without this stage."""
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
    """Train a network on a face set: float, then with `qat` also quantization-aware.

    The run is stored in `NAME.partial` until it is complete. A run that was killed at any time is
    continued with `existing="resume"`, which also adds `qat` to a complete run.

    Args:
        data: A `.npz` face set, a CSV file, a folder of class folders, or a `FaceSet`, with a
            validation split.
        out: Run folder.
        recipe: Name of a bundled recipe, a TOML file, or a recipe.
        qat: Whether to add the quantization-aware stage, which needs TensorFlow.
        existing: What to do with an existing run: refuse to touch it, resume it, or overwrite it
            when the new run is complete.
        devices: Number of GPUs that share each batch, on JAX; or a `Cluster` with those of other
            processes, each of which makes the same call. The first one writes the run folder.
        tensorboard: Folder for a TensorBoard log.
        on_epoch: Called after each epoch with the stage, float or qat.
        changes: Recipe keys to override, such as `epochs` and `start`.

    Raises:
        RecipeError: The recipe or a change is invalid.
        ConfigError: `devices` are not for Keras's backend, or cannot divide the batch.
        DatasetError: The data cannot be read, or differs from that of the run to resume.
        OutputError: The run folder exists or cannot be written.
        TrainingError: The run cannot be started, continued or finished.
        MissingExtraError: A package is not installed; the message names the extra.
    """
    resolved = load_recipe(recipe, **changes)
    out = named(Path(out))
    name, faces = open_faces(data, size_px=resolved.size_px)
    cluster = devices if isinstance(devices, Cluster) else Cluster(devices)

    # importing Keras takes seconds: cheap errors are raised first
    from .backend.devices import spread
    from .backend.processes import process_id
    from .run import run_stages

    with spread(cluster, resolved.batch_size), _own_folder(out) as folder:
        is_first = process_id() == 0
        scores = run_stages(
            resolved,
            faces,
            Place(folder, existing, data=_path(data), log=_path(tensorboard)),
            data_name=name,
            qat=qat,
            on_epoch=_report(on_epoch, tensorboard) if is_first else lambda stage, epoch: None,
        )
    return TrainedRun(out, resolved, faces, scores, is_first=is_first)


def _path(place: str | Path | FaceSet | None) -> Path | None:
    return Path(place) if isinstance(place, str | Path) else None


def _report(
    on_epoch: Callable[[StageName, Epoch], None] | None, tensorboard: str | Path | None
) -> Callable[[StageName, Epoch], None]:
    """Return the callback for each epoch."""
    events = EventLog(Path(tensorboard)) if tensorboard else None

    def report(stage: StageName, epoch: Epoch) -> None:
        if on_epoch:
            on_epoch(stage, epoch)
        if events:
            events.add(stage, epoch)

    return report


@contextmanager
def _own_folder(out: Path) -> Iterator[Path]:
    """Yield the run folder; processes after the first get a temporary one instead."""
    from .backend.processes import process_id

    if process_id() == 0:
        yield out
        return
    with tempfile.TemporaryDirectory(prefix="fer-edge-") as folder:
        yield Path(folder) / "run"


def open_faces(data: str | Path | FaceSet, *, size_px: int) -> tuple[str, FaceSet]:
    """Return the name of a face set for the card, and the face set.

    Args:
        data: Face set, or its file or folder.
        size_px: Side to which the pictures of a folder are resized; other faces keep their size.

    Raises:
        DatasetError: The data cannot be read.
    """
    if isinstance(data, FaceSet):
        return "face set", data
    path = Path(data)
    if path.suffix == ".npz" or source_kind(path) == "face set":
        faces = load_faceset(path)
        if note := untrained_classes(faces):
            log.warning("%s", note)
        return path.name, faces
    options = ImportOptions(size_px=size_px if path.is_dir() else None)
    return path.name, import_faces(path, options)
