"""A benchmark on a device that fer-edge was deployed to; returns its report."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fer_edge.errors import ConfigError, DeployError, ReportError
from fer_edge.faces.faceset import FaceSet, save_faceset
from fer_edge.model.bundled import bundled_models, find_model

from ..deploy.answers import parse_answer
from ..deploy.connection import Connection
from ..deploy.remote import FOLDER, run_there
from .report.report import FacesInfo, Report, report_from_json


@dataclass(frozen=True, slots=True)
class Errand:
    """Task of a device.

    Attributes:
        names: Models as given here.
        reference: Model to measure agreement against.
        faces: Faces to score on; only these are sent.
        info: Origin of these faces.
        videos: Files that every model processes.
        detector_model: Model file of the detector.
        options: Other options of `fer-edge benchmark`.
        command: Command line on this machine.
    """

    names: tuple[str, ...]
    reference: str | None
    faces: FaceSet | None
    info: FacesInfo | None
    videos: tuple[Path, ...]
    detector_model: Path | None
    options: tuple[str, ...]
    command: str


def measure_there(
    host: str, errand: Errand, ssh_config: Path | None = None, *, name: str = "fer-edge"
) -> Report:
    """Run the benchmark on a device; its report has this machine's names of models and faces.

    Args:
        host: Name for ssh.
        errand: Task of the device.
        ssh_config: SSH configuration file instead of the user's.
        name: Name of the deployed service.

    Raises:
        DeployError: The device cannot be reached, has no fer-edge, or could not measure.
        ConfigError: A model is a Keras file, which does not run on devices.
    """
    files: dict[str, bytes | Path] = {}
    words = ["benchmark", *(_sent(item, files) for item in errand.names), "--json"]
    if errand.reference is not None:
        words += ["--reference", _sent(errand.reference, files)]
    if errand.faces is not None and errand.info is not None:
        files["faces.npz"] = _packed(errand.faces)
        words += ["--data", f"{FOLDER}/faces.npz", "--split", errand.info.split]
    for number, video in enumerate(errand.videos):
        files[f"video-{number}{video.suffix}"] = video
        words += ["--video", f"{FOLDER}/video-{number}{video.suffix}"]
    if errand.detector_model is not None:
        there = f"detector-{errand.detector_model.name}"
        files[there] = errand.detector_model
        words += ["--detector-model", f"{FOLDER}/{there}"]
    with Connection(host, name=name, ssh_config=ssh_config) as connection:
        answer = run_there(connection, [*words, *errand.options], files)
    if answer.code:
        raise DeployError(f"{host}: {answer.reason}")
    try:
        data = parse_answer(answer.said, host, "to 'benchmark'")
        report = report_from_json(data, f"the report of {host}")
    except ReportError as error:
        raise DeployError(f"{host}: its report cannot be read: {error}") from error
    if len(report.models) != len(errand.names):
        raise DeployError(
            f"{host}: its report cannot be read: it has {len(report.models)} models, expected "
            f"{len(errand.names)}"
        )
    return _named_as_here(report, errand)


def _sent(name: str, files: dict[str, bytes | Path]) -> str:
    """Add a model's file, unless the device has it; return its name there."""
    if name in bundled_models():
        return name
    path = find_model(name)
    if path.suffix != ".tflite":
        raise ConfigError(f"{path} is not a .tflite file, which --on needs; convert it first")
    there = f"{len(files)}-{path.name}"
    files[there] = path
    return f"{FOLDER}/{there}"


def _packed(faces: FaceSet) -> bytes:
    with tempfile.TemporaryDirectory(prefix="fer-edge-") as folder:
        path = Path(folder) / "faces.npz"
        save_faceset(faces, path)
        return path.read_bytes()


def _named_as_here(report: Report, errand: Errand) -> Report:
    pairs = zip(report.models, errand.names, strict=True)
    faces = report.faces
    if faces is not None and errand.info is not None:
        faces = replace(faces, path=errand.info.path)
    places = _names_here(errand.videos)
    detector = None if errand.detector_model is None else str(errand.detector_model)
    return replace(
        report,
        command=errand.command,
        faces=faces,
        models=tuple(replace(model, path=name) for model, name in pairs),
        end_to_end=tuple(
            replace(item, source=places(item.source), detector_model=detector)
            for item in report.end_to_end
        ),
        looks=tuple(replace(item, source=places(item.source)) for item in report.looks),
    )


def _names_here(videos: Sequence[Path]) -> Callable[[str], str]:
    """Return a function from the name of a video on the device to its name here."""
    names = {f"video-{number}{video.suffix}": str(video) for number, video in enumerate(videos)}
    return lambda there: names.get(Path(there).name, there)
