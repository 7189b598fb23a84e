"""Python interface of `fer-edge convert`: `fer_edge.converters.convert`."""

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

    A file that loses more than `options.gate` allows is not written; `Converted.fault` has the
    reason.

    Args:
        source: Run folder of `fer_edge.training.train`, its model.keras, or another project's
            `.keras` or `.h5` file or SavedModel folder.
        data: Face set that the network was trained on: its train split is used for calibration, its
            validation split for the scores.
        out: Folder for NAME-int8-ptq.tflite and the other files.
        options: Files to create and their options.
        claims: Input and classes of another project's network; None for a run.
        calibration: Another face set for calibration.
        trust_code: Whether to load Lambda layers; code in the file then runs with your permissions.
        on_variant: Called with the suffix of each file before it is created.

    Returns:
        One result per file, in the order of `options.variants`.

    Raises:
        ModelError: The source cannot be read, contains code, cannot be converted, or contradicts
            its claims.
        TrainingError: The run is not complete.
        DatasetError: The face set cannot be read, or its classes differ from the source's.
        OutputError: A file exists or cannot be written.
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
    """Open the network to convert.

    Args:
        path: Source, as for `convert`.
        faces: Face set to check another project's claims against, unless they disable the check.
        claims: Input and classes of another project's network.
        offsets: Offsets for the logits of classes, by name.
        trust_code: Whether to load Lambda layers.

    Raises:
        ModelError: It cannot be read, contradicts its claims, or has none.
        TrainingError: The run is not complete.
    """
    path = run_of(path) if claims is None else path
    if identify_source(path) == "run":
        if claims is not None:
            raise ModelError(
                f"{path} is a run folder, which contains its input and classes; expected no claims"
            )
        load_info(path)  # raise cheap errors before the slow import of TensorFlow
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
