"""The folder of a run: a new one, or one to resume."""

import json
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from fer_edge.documents import read_json
from fer_edge.errors import DatasetError, FerEdgeError, OutputError, RecipeError, TrainingError
from fer_edge.files import cannot_write, check_path, new_folder, whole_file
from fer_edge.runfolder import INFO, RECIPE, load_info, partial
from fer_edge.schema import decode, encode
from fer_edge.shown import printable

from ..architectures import Pretrained
from ..recipes.recipe import Recipe, format_recipe, load_recipe
from ..targets.identity import TargetDigests

Existing = Literal["refuse", "resume", "overwrite"]
"""What to do with an existing run."""
STATE = "state.npz"
"""Complete state of the float stage, until the run is complete."""
BEGUN = "begun.json"
"""`Begun`, until the run is complete."""

_UNKNOWN = TargetDigests()

_REPLACED = "replaced"
"""The overwritten run in the new one, for the moment of its deletion."""

_BEGINNING = re.compile(r"begun\.json|recipe\.toml|\.(begun|recipe)-\w+\.(json|toml)")
"""Files that a run has before its first epoch; the hidden ones are left by a kill."""

_LEFT = re.compile(r"\.[\w-]{1,40}-[0-9a-f]{8}\.(csv|h5|json|keras|npz|png|toml)")
"""Incomplete files of `whole_file`, left by a kill."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run is stored.

    Attributes:
        out: Run folder.
        existing: What to do with an existing run.
        data: File or folder of the faces, if they come from one.
        log: Folder of the TensorBoard log, if there is one.
    """

    out: Path
    existing: Existing = "refuse"
    data: Path | None = None
    log: Path | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """Facts about a run that is not complete.

    Attributes:
        data_digest: Digest of the face set.
        overwrites: Whether the run replaces an existing one when it is complete.
        targets: Digests of votes and teachers; empty if an older version began the run.
    """

    data_digest: str
    overwrites: bool = False
    targets: TargetDigests = _UNKNOWN


def open_place(
    recipe: Recipe, place: Place, data_digest: str, targets: TargetDigests = _UNKNOWN
) -> Path:
    """Create the folder of an incomplete run, or find the one to resume.

    A run that is to be overwritten stays until the new one is complete (`complete_place`).

    Args:
        recipe: Recipe, written into a new folder; a resumed run must have the same recipe.
        place: Run folder, and what to do with an existing run.
        data_digest: Digest of the face set; a resumed run must have the same.
        targets: Digests of votes and teachers; the same.

    Raises:
        OutputError: It or `NAME.partial` exists and must not be touched or replaced, the folder
            cannot be created, or the run to resume contains links.
        TrainingError: There is no run to resume, it has different teachers, or `existing` is not a
            valid value.
        RecipeError: The existing run has a different recipe.
        DatasetError: The existing run has a different face set, or other votes.
    """
    out, existing = place.out, place.existing
    begun = Begun(data_digest, overwrites=existing == "overwrite", targets=targets)
    if existing not in get_args(Existing):  # a typing error must not delete a run
        raise TrainingError(
            f"existing is {existing!r}; expected one of {', '.join(get_args(Existing))}"
        )
    if existing == "resume":
        return _resumed(recipe, place, begun)
    unfinished = partial(out)
    if existing == "refuse" and out.is_dir() and not out.is_symlink():
        raise OutputError(f"{out} already exists; choose another --out, or pass --overwrite")
    _check_replaceable(out)
    _check_inputs(recipe, place, (out, unfinished))
    _check_replaceable(unfinished)
    if existing == "refuse" and not _is_beginning(unfinished):
        raise OutputError(
            f"{unfinished} is an unfinished run; continue with --resume, or pass --overwrite"
        )
    folder = new_folder(unfinished, replace=True)
    with whole_file(folder / BEGUN) as temporary:
        temporary.write_text(json.dumps(encode(begun), indent=2) + "\n", "utf-8")
    with whole_file(folder / RECIPE) as temporary:
        temporary.write_text(format_recipe(recipe), "utf-8")
    return folder


def complete_place(folder: Path, out: Path) -> None:
    """Move a complete run to its place; only now the run that it overwrites is deleted.

    No other process may write into it (`locked_run`).

    Raises:
        OutputError: It cannot be moved.
    """
    (folder / STATE).unlink(missing_ok=True)
    for path in [path for path in folder.iterdir() if _LEFT.fullmatch(path.name)]:
        path.unlink(missing_ok=True)
    if folder != out:
        try:
            if _load_begun(folder).overwrites:
                _check_replaceable(out)
                if out.is_dir():  # in one step, so that a kill leaves no half of it
                    out.replace(folder / _REPLACED)
            folder.replace(out)
        except OSError as error:
            raise OutputError(
                f"{folder} cannot be moved to {out}: {error.strerror}; make room for it, and pass "
                "--resume"
            ) from error
    shutil.rmtree(out / _REPLACED, ignore_errors=True)
    (out / BEGUN).unlink(missing_ok=True)


def _resumed(recipe: Recipe, place: Place, now: Begun) -> Path:
    out, unfinished = place.out, partial(place.out)
    folder = unfinished if unfinished.is_dir() else out
    if not folder.is_dir():
        raise TrainingError(f"{out} has no run to resume; omit --resume")
    # `out` itself may be a link, since the user named it
    check_no_links((unfinished, *folder.iterdir()))
    try:
        begun = _check_same(folder, recipe, now)
    except FerEdgeError:
        if folder == out or not out.is_dir() or _has_epochs(unfinished):
            raise
        # a run that was to overwrite this one, and failed before its first epoch
        _check_same(out, recipe, now)
        return out
    if folder == unfinished:
        if (out.exists() or out.is_symlink()) and not begun.overwrites:
            raise OutputError(
                f"{out} exists, but {unfinished} did not start with --overwrite; move one of them "
                "away"
            )
        _check_replaceable(out)
        _check_inputs(recipe, place, (out,))
    return folder


def _check_same(folder: Path, recipe: Recipe, now: Begun) -> Begun:
    """Check that a run has the recipe, faces and targets with which it is to be continued."""
    if not (folder / RECIPE).exists():
        raise TrainingError(
            f"{folder} has no {RECIPE}, so there is nothing to continue; start again with "
            "--overwrite, or choose another --out"
        )
    if load_recipe(folder / RECIPE) != recipe:
        raise RecipeError(
            f"the run in {folder} has a different recipe ({folder / RECIPE}); resume with "
            "that recipe (--recipe) and no other options"
        )
    begun = _load_begun(folder)
    known = load_info(folder).data.digest if (folder / INFO).exists() else begun.data_digest
    if known and known != now.data_digest:
        raise DatasetError(
            f"the run in {folder} has a different face set: expected the digest {known[:12]}, got "
            f"{now.data_digest[:12]}; resume with the faces of its start, or choose another --out"
        )
    if _differ(begun.targets.votes, now.targets.votes):
        raise DatasetError(
            f"the run in {folder} began with other FER+ votes; resume with the face set of its "
            "start, or choose another --out"
        )
    if _differ(begun.targets.teachers, now.targets.teachers):
        raise TrainingError(
            f"the run in {folder} began with other files of its teachers "
            f"({', '.join(recipe.teachers)}); restore them, or choose another --out"
        )
    return begun


def _differ(known: str, now: str) -> bool:
    """Return whether two digests differ; an empty one is unknown."""
    return bool(known and now and known != now)


def check_no_links(paths: Iterable[Path]) -> None:
    """Check that what is written in a folder, which may come from others, lands in it.

    Args:
        paths: Paths in the folder; they need not exist.

    Raises:
        OutputError: One is a symbolic link, or cannot be read.
    """
    for path in paths:
        try:
            target = path.readlink() if path.is_symlink() else None
        except OSError as error:
            raise cannot_write(path, error) from error
        if target is not None:
            raise OutputError(
                f"{path} is a symbolic link to {printable(target)}, where fer-edge would write; "
                "put the file or folder itself in its place, or choose another --out"
            )


def _is_beginning(folder: Path) -> bool:
    """Return whether a folder has nothing but the files of a run before its first epoch."""
    try:
        return not folder.exists() or all(
            _BEGINNING.fullmatch(path.name) and path.is_file() for path in folder.iterdir()
        )
    except OSError as error:
        raise cannot_write(folder, error) from error


def _has_epochs(folder: Path) -> bool:
    return any((folder / name).exists() for name in (STATE, INFO))


def _load_begun(folder: Path) -> Begun:
    """Read what is known of an incomplete run; nothing if an older version began it."""
    path = folder / BEGUN
    try:
        return decode(Begun, read_json(path))
    except FileNotFoundError:
        return Begun("")
    except (OSError, ValueError) as error:  # includes SchemaError
        raise TrainingError(
            f"{path} cannot be read: {error}; start again with --overwrite"
        ) from error


def _check_replaceable(out: Path) -> None:
    """Report now, not after hours of training, what a run cannot replace.

    Raises:
        OutputError: It is a link, a file, or a folder with something else than a run.
    """
    try:
        if out.is_symlink():
            raise OutputError(
                f"{out} is a symbolic link to {out.readlink()}, expected a folder; pass the folder "
                "itself, or remove the link"
            )
        if not out.exists():
            return
        if not out.is_dir():
            raise OutputError(f"{out} is a file, expected a folder; choose another --out")
        if out.is_mount():
            raise OutputError(f"{out} is a mount point, expected a folder; choose a folder in it")
        is_run = any((out / name).exists() for name in (RECIPE, INFO))
        if not is_run and not _is_beginning(out):
            raise OutputError(
                f"{out} is not a run folder (it has no {RECIPE}), so it is not overwritten; choose "
                "another --out"
            )
    except OSError as error:
        raise cannot_write(out, error) from error


def _check_inputs(recipe: Recipe, place: Place, replaced: Sequence[Path]) -> None:
    """Check that nothing that the run reads or logs is in a folder that it replaces.

    Raises:
        OutputError: Something is, or no file can have its name.
    """
    for what, path in _inputs(recipe, place):
        try:
            check_path(path)
        except OSError as error:
            raise OutputError(f"{what} {path}: {error.strerror}; choose another path") from error
        for folder in replaced:
            if path.resolve().is_relative_to(folder.resolve()):
                raise OutputError(
                    f"{what} {path} is in {folder}, which --out {place.out} replaces; choose "
                    "another --out"
                )


def _inputs(recipe: Recipe, place: Place) -> Iterator[tuple[str, Path]]:
    weights = recipe.network.weights if isinstance(recipe.network, Pretrained) else ""
    named = [("--start", recipe.start), ("--weights", weights)]
    named += [("--teacher", teacher) for teacher in recipe.teachers]
    # a name that does not exist as a path is that of a bundled model
    yield from ((what, Path(name)) for what, name in named if name and Path(name).exists())
    if place.data is not None:
        yield "--data", place.data
    if place.log is not None:
        yield "--tensorboard", place.log
