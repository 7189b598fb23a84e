"""Processing of units: opens the models once, and starts tracking again for each video."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

from fer_edge import __version__
from fer_edge.errors import FerEdgeError, ModelError, SourceError
from fer_edge.model.bundled import find_model
from fer_edge.pictures.picture import read_picture

from ..capture.frame import Frame
from ..capture.video import Video
from ..recognition.config import chosen_reader
from ..recognition.model_config import open_chosen_model
from ..recognition.result import FrameReader, Result
from ..timing.frame_seconds import FrameSeconds
from ..tracking.config import open_chosen_detector
from .footer import Footer
from .result_file import RowWriter
from .rows import ROWS_AT_ONCE, RowBuffer
from .settings import Settings, aligner_file, detector_file, file_digest
from .unit import Unit, in_utf8


@dataclass(frozen=True, slots=True)
class Broken:
    """An unreadable file.

    Attributes:
        path: Path, in the form of `in_utf8`.
        reason: Reason, in one line.
    """

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Counted:
    """Progress within a unit.

    Attributes:
        frames: Number of frames or pictures.
        seconds: Seconds of video.
        faces: Number of rows.
    """

    frames: int = 0
    seconds: float = 0.0
    faces: int = 0


class UnitReader:
    """An open model and its detectors, for one unit after the other. Close it when done."""

    def __init__(self, settings: Settings) -> None:
        """Open the models.

        Raises:
            ModelError: A model is damaged, or differs from the one in the settings.
            DetectorError: The detector's model file is missing or unusable.
        """
        self._settings = settings
        # pictures get a more expensive detector than the frames of a video
        self._picture_detector = open_chosen_detector(settings.faces, is_video=False)
        self._video_detector = open_chosen_detector(settings.faces, is_video=True)
        _check_files(settings)
        self._model = open_chosen_model(settings.model)
        self._aligner = settings.recognition.open_aligner()

    def close(self) -> None:
        """Release the model."""
        self._model.close()

    def read(
        self, unit: Unit, writer: RowWriter, on_progress: Callable[[Counted], object]
    ) -> tuple[Footer, tuple[Broken, ...]]:
        """Process a unit into its result file.

        Args:
            unit: Unit to process.
            writer: Writer for the rows and the footer.
            on_progress: Called after each frame with the progress so far.

        Returns:
            The footer, and the unreadable pictures.

        Raises:
            SourceError: The video cannot be read, or is truncated; or no picture can be read.
            OutputError: The results cannot be written.
        """
        buffer = RowBuffer(self._model.labels, unit.number)
        counted, broken = Counted(), list[Broken]()
        is_video = unit.kind == "video"
        results = self._video(unit) if is_video else self._pictures(unit, broken)
        first: int | None = None
        for result, seconds in results:
            if first is None:
                first = result.frame.index
            # in a video, as in `fer-edge run`: frames between the sampled ones count, too
            number = result.frame.index - first if is_video else counted.frames
            buffer.add(result, number, seconds)
            counted = Counted(
                counted.frames + 1, counted.seconds + seconds, counted.faces + len(result)
            )
            if len(buffer) >= ROWS_AT_ONCE:
                writer.write(buffer.take())
            on_progress(counted)
        if broken and not counted.frames:
            raise SourceError(broken[0].reason)
        writer.write(buffer.take())
        footer = self._footer(unit, counted, len(broken))
        writer.finish(footer)
        return footer, tuple(broken)

    def _pictures(self, unit: Unit, broken: list[Broken]) -> Iterator[tuple[Result, float]]:
        reader = self._reader(is_video=False)
        for index, file in enumerate(unit.files):
            try:
                image = read_picture(file.path)
            except FerEdgeError as error:
                broken.append(Broken(in_utf8(file.path), str(error)))
                continue
            yield reader.read_frame(Frame(image, index, 0.0, str(file.path))), 0.0

    def _video(self, unit: Unit) -> Iterator[tuple[Result, float]]:
        every_s = self._settings.reading.every_s
        video = Video(unit.source, every_s=every_s, span=unit.span, decoder_threads=1)
        with closing(video):
            reader, seconds = self._reader(is_video=True), FrameSeconds.of(video)
            waiting: Result | None = None  # the time of a frame is known at the next one
            for frame in video:
                share = seconds.next(frame.time_s)
                if waiting is not None:
                    yield waiting, share
                result = reader.read_frame(frame)
                # frames before the span only serve tracking
                waiting = result if frame.time_s >= unit.start_s else None
            if waiting is not None:
                next_s = video.next_s
                yield waiting, seconds.last() if next_s is None else seconds.next(next_s)

    def _reader(self, *, is_video: bool) -> FrameReader:
        settings = self._settings
        return chosen_reader(
            *(self._model, settings.faces, settings.recognition),
            self._video_detector if is_video else self._picture_detector,
            aligner=self._aligner,
            is_video=is_video,
        )

    def _footer(self, unit: Unit, counted: Counted, failed: int) -> Footer:
        return Footer(
            source=in_utf8(unit.source),
            source_id=unit.source_id,
            kind=unit.kind,
            number=unit.number,
            count=unit.count,
            stamp=unit.stamp,
            settings=self._settings.digest(),
            options=json.dumps(self._settings.options(), sort_keys=True),
            version=__version__,
            labels=self._model.labels,
            start_s=unit.start_s,
            source_s=unit.source_s,
            can_seek=unit.can_seek,
            frames=counted.frames,
            seconds=counted.seconds,
            rows=counted.faces,
            failed=failed,
            pictures=tuple(in_utf8(file.path.name) for file in unit.files)
            if unit.kind == "pictures"
            else (),
        )


def _check_files(settings: Settings) -> None:
    """Reject other files than those of the machine that started the archive."""
    used = (
        (find_model(settings.model.model), settings.model_digest),
        (detector_file(settings.faces), settings.detector_digest),
        (aligner_file(settings.recognition), settings.aligner_digest),
    )
    for path, digest in used:
        if path is not None and file_digest(path) != digest:
            raise ModelError(
                f"{path} differs from the file that this archive was started with; expected the "
                "same fer-edge and model files on all nodes"
            )
