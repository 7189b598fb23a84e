"""Python interface of `fer-edge convert`: `fer_edge.converters.convert`."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.errors import ConfigError
from fer_edge.faces.faceset import FaceSet, load_faceset
from fer_edge.runfolder import load_info

from .converted import Converted
from .options import Options
from .sources.claims import Claims
from .sources.kind import identify_source, run_of

if TYPE_CHECKING:
    from .sources.source import Source


def convert(
    source: str | Path,
    data: str | Path | FaceSet,
    out: str | Path,
    options: Options = Options(),  # noqa: B008 - frozen
    *,
    claims: Claims | None = None,
    calibration: str | Path | FaceSet | None = None,
    trust_code: bool = False,
    on_variant: Callable[[str], None] = lambda suffix: None,
) -> tuple[Converted, ...]:
    """Convert a network to `.tflite` files, each scored through the served path.

    A file that loses more than `options.gate` allows is not written; `Converted.fault` has the
    reason.

    Args:
        source: Run folder of `fer_edge.training.train`, its model.keras, or another project's
            `.keras` or `.h5` file or SavedModel folder.
        data: Face set that the network was trained on: its train split is used for calibration, its
            validation split for the scores.
        out: Folder for NAME-int8-ptq.tflite and the other files.
        options: Files to create and their options; int8 without any.
        claims: Input and classes of another project's network; None for a run.
        calibration: Another face set for calibration.
        trust_code: Whether to load Lambda layers; code in the file then runs with your permissions.
        on_variant: Called with the suffix of each file before it is created.

    Returns:
        One result per file, in the order of `options.variants`, but int8 last.

    Raises:
        ConfigError: Claims, logit offsets or exceptions do not fit the source, such as labels of
            another number than its outputs.
        ModelError: The source cannot be read, contains code, cannot be converted, or scores much
            better with other claims.
        TrainingError: The run is not complete.
        DatasetError: The face set cannot be read, or its classes differ from the source's.
        OutputError: A file exists or cannot be written.
        PluginError: A target is unknown, or cannot be used.
    """
    path = _checked(Path(source), claims)
    faces = _faces_of(data)
    own = None if calibration is None else _faces_of(calibration)
    name = "" if own is None or isinstance(calibration, FaceSet) else Path(str(calibration)).name

    # importing TensorFlow takes seconds: cheap errors are raised first
    from .conversion import convert_source

    return tuple(
        convert_source(
            _open_source(path, faces, claims, trust_code=trust_code),
            faces,
            Path(out),
            options,
            calibration=own,
            calibration_name=name,
            on_variant=on_variant,
        )
    )


def _checked(path: Path, claims: Claims | None) -> Path:
    """Return the source; a run folder instead of the model.keras in it."""
    path = run_of(path) if claims is None else path
    is_run = identify_source(path) == "run"
    if is_run and claims is not None:
        raise ConfigError(
            f"{path} is a run folder, which contains its input and classes; expected no claims"
        )
    if not is_run and claims is None:
        raise ConfigError(f"{path} has no card; expected claims: its classes in output order")
    if is_run:
        load_info(path)
    return path


def _open_source(
    path: Path, faces: FaceSet, claims: Claims | None, *, trust_code: bool
) -> "Source":
    """Open the network to convert; `faces` are for the checks of another project's network."""
    from .sources.foreign import check_unchanged, foreign_source, open_network
    from .sources.source import open_run
    from .sources.suspicions import check_claims

    if claims is None:
        return open_run(path, trust_code=trust_code)
    validation = faces.part("validation")
    network = open_network(path, claims, validation, trust_code=trust_code)
    opened = foreign_source(network, claims)
    if claims.are_checked:
        check_claims(network, claims, faces)
    check_unchanged(network, opened, validation)  # last: the checks before it run the network
    return opened


def _faces_of(data: str | Path | FaceSet) -> FaceSet:
    return data if isinstance(data, FaceSet) else load_faceset(Path(data))
