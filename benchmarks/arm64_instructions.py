"""Arm64 instructions of an inference, counted by qemu, for the benchmark's report.

Each model runs 10 and 210 times on an emulated Cortex-A72; the difference divided by 200 excludes
the start of Python and the loading of the model. The figure is portable, and not a time. A face
detector (`yunet`, a file of `fer-edge convert-detector`, or YuNet's .onnx, which OpenCV runs and
the report leaves out) runs at 320x192 pixels; with a clip, a whole frame is counted as well:
detection in every 5th frame, tracking, and recognition by `compact`, without decoding.

    python -m benchmarks.arm64_instructions tiny models/*.tflite --out instructions.json
    python -m benchmarks.arm64_instructions yunet yunet.onnx --clip clip.mp4 --out instructions.json
    fer-edge benchmark tiny models/*.tflite --instructions instructions.json --report report

The userland is that of `make test-arm64`, created if missing: see tests/arm64/userland.py.
"""

import shutil
from dataclasses import replace
from pathlib import Path

import click

from fer_edge.detector.file import bundled_detectors, read_detector
from fer_edge.detector.network import DetectorNetwork
from fer_edge.errors import ModelError
from fer_edge.files import whole_file
from fer_edge.model.bundled import find_model
from fer_edge.runtime.measurement.probes.candidate import read_candidate
from fer_edge.runtime.measurement.probes.instructions import (
    Instructions,
    ModelInstructions,
    instructions_to_json,
)
from tests.arm64.userland import (
    CPU,
    build,
    instructions_per_inference,
    missing_programs,
    qemu_version,
)

from .command import PATH, Benchmark


@click.command(cls=Benchmark)
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@click.option(
    "--userland",
    "folder",
    default=Path(".venv/arm64"),
    show_default=True,
    type=PATH,
    help="Folder of the arm64 Debian; it is created if missing.",
)
@click.option("--clip", type=PATH, help="Also count a frame of this clip, for each face detector.")
@click.option("--out", type=PATH, required=True, help="JSON file to write.")
def main(models: tuple[str, ...], folder: Path, clip: Path | None, out: Path) -> None:
    """Count instructions of each MODEL: a bundled model or detector, a .tflite or an .onnx file."""
    if missing := missing_programs():
        raise click.ClickException(f"needs {', '.join(missing)}; see tests/arm64/userland.py")
    try:
        counted = [_read(name) for name in models]
        root = build(folder.resolve())
        # copies in the userland, because qemu looks up each path there first
        frames = None if clip is None else Path(shutil.copy(clip, root / "tmp" / "counted.clip"))
        found = []
        for path, described, is_detector in counted:
            copy = root / "tmp" / f"counted{path.suffix}"
            shutil.copyfile(path, copy)
            count = instructions_per_inference(root, str(copy))
            click.echo(f"{path}: {count / 1e6:.1f} million arm64 instructions", err=True)
            if described is not None:
                found.append(replace(described, arm64_instructions=count))
            if frames is not None and is_detector:
                each = instructions_per_inference(root, str(copy), clip=frames, runs=50)
                click.echo(f"{path}: {each / 1e6:.1f} million per frame of {clip}", err=True)
        with whole_file(out) as temporary:
            text = instructions_to_json(Instructions(CPU, qemu_version(), tuple(found)))
            temporary.write_text(text, "utf-8")
    except RuntimeError as error:
        raise click.ClickException(str(error)) from error


def _read(name: str) -> tuple[Path, ModelInstructions | None, bool]:
    """Read and test a model; return its path, an entry without a count, and if it is a detector."""
    if name.endswith(".onnx"):
        return Path(name), None, True
    place = bundled_detectors().get(name)
    if place is None:
        place = find_model(name)
    try:
        detector = read_detector(place)
    except ModelError:
        candidate = read_candidate(place)
        if candidate.sha256 is None:
            raise ModelError(f"{place} is not a .tflite file; convert it") from None
        return place, ModelInstructions(candidate.name, candidate.sha256, 0), False
    DetectorNetwork(detector)
    return place, ModelInstructions(detector.card.name, detector.card.sha256, 0), True


if __name__ == "__main__":
    main()
