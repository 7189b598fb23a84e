"""Annotated pictures: one file for one picture, a folder for several."""

from pathlib import Path

from fer_edge.errors import OutputError

from ..drawing.annotation import annotate
from ..frame import Source
from ..result import Result
from .picture_file import check_picture_suffix, write_picture


class AnnotatedPictures:
    """Annotated pictures: one file for one picture, a folder for several."""

    def __init__(self, path: Path, source: Source) -> None:
        single = source.length == 1 and not source.is_video
        self._folder = None if single and path.suffix and not path.is_dir() else path
        self._path = path
        self._is_video = source.is_video
        if self._folder is None:
            check_picture_suffix(path)
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"folder {path} cannot be made: {error.strerror}") from error

    def write(self, result: Result) -> None:
        """Write one picture."""
        frame = result.frame
        if self._folder is None:
            path = self._path
        elif not self._is_video:
            path = self._folder / f"{frame.index:06d}-{Path(frame.name).stem}.jpg"
        else:
            path = self._folder / f"{frame.index:06d}.jpg"
        if path.exists() and Path(frame.name).exists() and path.samefile(frame.name):
            raise OutputError(f"--annotate {path} is the input itself; name another place")
        write_picture(path, annotate(frame.image, result.readings))

    def close(self, *, complete: bool) -> None:
        """Each picture is whole already."""
