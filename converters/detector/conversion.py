"""YuNet to `.tflite` files, each compared with its source before it is written."""

import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from fer_edge.detector.card import DetectorAgreement, DetectorCard, DetectorInput, Head, PictureSet
from fer_edge.detector.file import DetectorFile, pack_detector
from fer_edge.detector.network import DetectorNetwork
from fer_edge.errors import OutputError
from fer_edge.files import whole_file
from fer_edge.model.graph import read_graph
from fer_edge.pictures.opencv_path import opencv_path

from ..quantization.tflite import to_float32, to_int8
from .agreement import POSSIBLE, DetectorGate, compare_with_opencv
from .balancing import balance
from .head_ranges import scale_heads
from .network import build_network
from .pictures import make_inputs, read_pictures
from .yunet import DetectionHead, YuNetSource, read_yunet

Variant = Literal["int8", "float32"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)
ARCHITECTURE = "yunet-2023mar"
RESIZABLE_SIZE = (384, 640)
"""Height and width at which a resizable file is calibrated and stored."""
TOOLS = ("tensorflow", "keras", "onnx")

log = logging.getLogger(__name__)
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DetectorOptions:
    """What to convert, and how.

    Attributes:
        variants: Files to write.
        size: (height, width) for files of fixed input size, as the Edge TPU needs them; None for
            resizable files.
        gate: Requirement for writing a file.
        overwrite: Whether existing files may be replaced.
    """

    variants: tuple[Variant, ...] = ("int8",)
    size: tuple[int, int] | None = None
    gate: DetectorGate = field(default_factory=DetectorGate)
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class ConvertedDetector:
    """A file, or the reason why it was not written.

    Attributes:
        path: Path of the file, also if it was not written.
        card: Its card.
        size_bytes: Size of the whole file.
        fault: Reason why it was not written; empty if it was.
    """

    path: Path
    card: DetectorCard
    size_bytes: int
    fault: str = ""

    @property
    def agreement(self) -> DetectorAgreement:
        """Agreement with its source."""
        return self.card.agreement


def convert_yunet(
    source: Path,
    pictures: Path,
    out: Path,
    options: DetectorOptions,
    *,
    progress: Progress = log.info,
) -> Iterator[ConvertedDetector]:
    """Convert YuNet's ONNX file, and yield each file when it is evaluated.

    Args:
        source: The .onnx file.
        pictures: Folder of pictures and videos with faces, for calibration and comparison.
        out: Output folder.
        options: What to convert, and how.
        progress: Called with a description of each step.

    Raises:
        ModelError: The source is not YuNet.
        DatasetError: There are no pictures.
        OutputError: A file already exists, or cannot be written.
    """
    stem = "yunet" if options.size is None else "yunet-{1}x{0}".format(*options.size)
    paths = {
        name: out / (f"{stem}.tflite" if name == "int8" else f"{stem}-{name}.tflite")
        for name in options.variants
    }
    for path in paths.values():
        if path.exists() and not options.overwrite:
            raise OutputError(f"{path} already exists; pass --overwrite, or another --out")
    yunet = read_yunet(source)
    progress(f"reading the pictures of {pictures}")
    height, width = options.size or RESIZABLE_SIZE
    inputs, record = make_inputs(read_pictures(pictures), pictures.name, height=height, width=width)
    progress(f"looking at {len(inputs)} pictures to balance the channels and scale the outputs")
    yunet = balance(yunet, inputs)
    scaled, heads = scale_heads(yunet, inputs)
    draft = _Draft(yunet, scaled, heads, inputs, record, options)
    for name, path in paths.items():
        progress(f"converting to {name}")
        flatbuffer = draft.convert(name)
        progress(f"comparing {name} with OpenCV, face by face")
        card = draft.card(name, path, flatbuffer)
        fault = options.gate.fault(card.agreement)
        content = pack_detector(flatbuffer, card)
        if not fault:
            with whole_file(path) as temporary:
                temporary.write_bytes(content)
        yield ConvertedDetector(path, card, len(content), fault)


@dataclass(frozen=True, slots=True, eq=False)
class _Draft:
    """Data that all files of one conversion share."""

    source: YuNetSource
    scaled: tuple[DetectionHead, ...]
    heads: tuple[Head, ...]
    inputs: NDArray[np.uint8]
    record: PictureSet
    options: DetectorOptions

    def convert(self, variant: Variant) -> bytes:
        """Convert to a flatbuffer."""
        _, height, width, _ = self.inputs.shape
        network = build_network(
            self.source,
            self.scaled,
            height=height,
            width=width,
            upsampling="shuffle" if self.options.size is None else "resize",
        )
        if variant == "float32":
            return to_float32(network)
        black = np.zeros_like(self.inputs[:1])
        # black and white fix the range of the input, so that the raw pixel is the tensor's value
        pinned = np.concatenate([black, np.full_like(black, 255), self.inputs])
        return to_int8(network, pinned, input_type="int8", output_type="int8", real=_as_float)

    def card(self, variant: Variant, path: Path, flatbuffer: bytes) -> DetectorCard:
        """Create the card of a flatbuffer, including its agreement with the source."""
        _, height, width, _ = self.inputs.shape
        graph = read_graph(flatbuffer)
        card = DetectorCard(
            name=path.stem,
            architecture=ARCHITECTURE,
            input=DetectorInput(height, width, is_resizable=self.options.size is None),
            heads=self.heads,
            scheme=variant,
            parameters=graph.parameters,
            macs=graph.macs,
            sha256=hashlib.sha256(flatbuffer).hexdigest(),
            source=self.source.path.name,
            source_sha256=self.source.sha256,
            agreement=DetectorAgreement(0, 0, 0.0, 0.0, 0.0, 0.0),
            calibration=self.record if variant == "int8" else None,
            tools=tuple(f"{name} {metadata.version(name)}" for name in TOOLS),
        )
        file = DetectorFile(path, flatbuffer, card, len(flatbuffer))
        network = DetectorNetwork(file, min_score=POSSIBLE)
        onnx = opencv_path(self.source.path, OutputError)
        return replace(card, agreement=compare_with_opencv(network, onnx, self.inputs))


def _as_float(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    return pixels.astype(np.float32)
