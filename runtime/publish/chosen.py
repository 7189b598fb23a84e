"""The outputs in a configuration; a module is only imported if its output is used."""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from fer_edge import plugins

from .chosen_sink import ChosenSink
from .config import OutputsConfig
from .own_context import OwnContext
from .sink import ReaderGoneError

if TYPE_CHECKING:
    from ..capture.frame import Source
    from ..recognition.result import FrameReader
    from ..tracking.config import FacesConfig
    from .sink import Sink


def chosen_sinks(context: OwnContext) -> "list[Callable[[], Sink]]":
    """Return functions that open the outputs, in opening order.

    The window comes first, since it fails without a screen. Parts of other packages are imported
    here, before any output is opened.

    Args:
        context: Configuration of the outputs, and data about the run.

    Raises:
        PluginError: Another package's sink cannot be imported.
    """
    opening: list[Callable[[], Sink]] = []
    for sink in _chosen(context):
        plugins.load(plugins.SINKS, sink.name)
        opening.append(partial(_open, sink, context))
    if context.comparison is not None and not context.outputs.quiet:
        from .comparison import ComparisonReports

        opening.append(partial(ComparisonReports, sys.stderr, context.comparison))
    return opening


def _chosen(context: OwnContext) -> Iterator[ChosenSink]:
    outputs, web, mqtt = context.outputs, context.web, context.mqtt
    if outputs.show:
        yield ChosenSink("window", "", "--show")
    if web.address is not None:
        yield ChosenSink("web", web.address, "--web")
    yield from outputs.file_sinks()
    if outputs.summary is None and _shows_summary(context):
        yield ChosenSink("summary", "-", "--summary")
    if mqtt.url is not None:
        yield ChosenSink("mqtt", mqtt.url, "--mqtt")
    yield from outputs.named_sinks()


def _open(sink: ChosenSink, context: OwnContext) -> "Sink":
    is_own = sink.name in plugins.own_names(plugins.SINKS)
    told = context if is_own else context.for_others()
    opened: Sink = plugins.open_part(
        *(plugins.SINKS, sink.name, sink.place, told),
        members=("write", "close"),
        may_raise=(ReaderGoneError,),
    )
    return opened


def _shows_summary(context: OwnContext) -> bool:
    if context.comparison is not None:  # its figures are not in other outputs
        return True
    is_quiet, source = context.outputs.quiet, context.source
    return sys.stderr.isatty() and not is_quiet and source.length != 1


def anonymizing(
    outputs: OutputsConfig, faces: "FacesConfig", reader: "FrameReader", source: "Source"
) -> "FrameReader":
    """Return the reader; with --anonymize one that covers faces before any output sees them.

    Raises:
        DetectorError: The model file of the detector for additional faces to cover is missing.
    """
    style = outputs.anonymize
    if style is None:
        return reader

    from ..detection.cover_yunet import CoverYuNet
    from ..detection.detector import WholeFrame
    from ..detection.yunet import PHOTO_LONG_SIDE_PX
    from ..recognition.anonymizing import COVER_MIN_SCORE, AnonymizingReader

    if faces.detector == "none":  # each picture is a face crop
        return AnonymizingReader(reader, WholeFrame(), style)
    # files can wait for a slow detector of small faces, a camera cannot
    usual_px = 320 if source.is_live else 640 if source.is_video else PHOTO_LONG_SIDE_PX
    is_own = faces.detector == "yunet"
    detector = CoverYuNet(
        faces.detector_model if is_own else None,
        # the search of recognition must not find smaller faces
        long_side_px=max(usual_px, faces.detect_size_px or 0),
        min_score=min(COVER_MIN_SCORE, 1.0 if faces.min_score is None else faces.min_score),
        delegate=faces.detector_delegate if is_own else None,
    )
    return AnonymizingReader(reader, detector, style)
