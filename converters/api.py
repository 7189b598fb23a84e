"""What `fer-edge convert` does, for Python: `fer_edge.converters.convert`."""

from collections.abc import Callable, Mapping
from pathlib import Path

from fer_edge.errors import ModelError
from fer_edge.faces.faceset import FaceSet, load_faceset
from fer_edge.runfolder import load_info

from .conversion import Converted, Options, convert_source
from .sources.foreign import Claims, foreign_source, open_network
from .sources.kind import identify_source, run_of
from .sources.logit_offsets import with_logit_offsets
from .sources.source import Source, open_run
from .sources.suspicions import check_claims


def convert(
    source: str | Path,
    data: str | Path | FaceSet,
    out: str | Path,
    options: Options = Options(variants=("int8",)),  # noqa: B008 - frozen
    *,
    claims: Claims | None = None,
    calibration: str | Path | FaceSet | None = None,
    trust_code: bool = False,
    on_variant: Callable[[str], None] = lambda suffix: None,
) -> tuple[Converted, ...]:
    """Convert a network to `.tflite` files, each scored through the served path.

    A file that loses more than `options.gate` allows is not written; `Converted.fault` says why.

    Args:
        source: A run folder of `fer_edge.training.train`, the model.keras in it, or another
            project's `.keras` or `.h5` file or SavedModel folder.
        data: The face set that the network was trained on: calibration comes from its train part,
            scores from its validation part.
        out: The folder for NAME-int8-ptq.tflite and so on.
        options: Which files, and how.
        claims: What another project's network reads and gives; None for a run.
        calibration: A face set to calibrate with instead.
        trust_code: Let Lambda layers load; the file's code then runs with your rights.
        on_variant: Called with each file's suffix when its work begins.

    Returns:
        One result per file, in the order of `options.variants`.

    Raises:
        ModelError: The source cannot be read, has code in it, cannot be converted, or contradicts
            its claims.
        TrainingError: The run is not complete.
        DatasetError: The face set cannot be read, or its classes are not the source's.
        OutputError: A file exists, or cannot be written.
    """
    faces = _faces_of(data)
    opened = open_source(Path(source), faces, claims, trust_code=trust_code)
    own = None if calibration is None else _faces_of(calibration)
    name = "" if own is None or isinstance(calibration, FaceSet) else Path(str(calibration)).name
    return tuple(
        convert_source(
            opened,
            faces,
            Path(out),
            options,
            calibration=own,
            calibration_name=name,
            on_variant=on_variant,
        )
    )


def open_source(
    path: Path,
    faces: FaceSet,
    claims: Claims | None,
    *,
    offsets: Mapping[str, float] | None = None,
    trust_code: bool = False,
) -> Source:
    """Open what is to be converted.

    Args:
        path: As `convert` takes it.
        faces: Another project's claims are checked against them, unless the claims say otherwise.
        claims: What another project's network reads and gives.
        offsets: Added to the logits of classes, by name.
        trust_code: Let Lambda layers load.

    Raises:
        ModelError: It cannot be read, contradicts its claims, or has none.
        TrainingError: The run is not complete.
    """
    path = run_of(path) if claims is None else path
    if identify_source(path) == "run":
        if claims is not None:
            raise ModelError(
                f"{path} is a run, which says itself what it reads; expected no claims"
            )
        load_info(path)  # a clear error before TensorFlow takes its seconds
        opened = open_run(path, trust_code=trust_code)
    elif claims is None:
        raise ModelError(f"{path} has no card; expected claims: its classes in output order")
    else:
        network = open_network(path, trust_code=trust_code)
        opened = foreign_source(network, claims)
        if claims.are_checked:
            check_claims(network, claims, faces)
    return with_logit_offsets(opened, dict(offsets or {}))


def _faces_of(data: str | Path | FaceSet) -> FaceSet:
    return data if isinstance(data, FaceSet) else load_faceset(Path(data))
