"""The folder of a run: what is created, continued, replaced and refused, without a training."""

import dataclasses
import functools
import os
from pathlib import Path

import numpy as np
import pytest

from fer_edge.errors import DatasetError, FerEdgeError, OutputError, RecipeError, TrainingError
from fer_edge.model.card import DataInfo
from fer_edge.runfolder import INFO, RECIPE, RunInfo, partial, save_info
from fer_edge.training.architectures import ResNet50
from fer_edge.training.loop.run_place import BEGUN, STATE, Place, complete_place, open_place
from fer_edge.training.recipes.recipe import Loss, Recipe, format_recipe
from fer_edge.training.targets.identity import TargetDigests, target_digests
from tests.support.cartoons import make_faces

RUN = RunInfo("four-block", ("a", "b"), 48, DataInfo("faces.npz", "one", 100, 10), ("keras 3",))


def make_run(folder: Path, digest: str = "one") -> Path:
    """Write a complete run without networks."""
    folder.mkdir(parents=True)
    (folder / RECIPE).write_text(format_recipe(Recipe()), "utf-8")
    save_info(dataclasses.replace(RUN, data=DataInfo("faces.npz", digest, 100, 10)), folder)
    return folder


def test_an_overwritten_run_stays_until_the_new_one_is_complete(tmp_path: Path) -> None:
    out = make_run(tmp_path / "run")
    folder = open_place(Recipe(epochs=2), Place(out, "overwrite"), "two")
    assert (out / INFO).exists()
    (folder / STATE).touch()
    # after a crash: the same run is continued, and then replaces the old one
    assert open_place(Recipe(epochs=2), Place(out, "resume"), "two") == folder
    complete_place(folder, out)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert [path.name for path in out.iterdir()] == [RECIPE]


def test_the_old_run_can_be_resumed_after_the_new_one_failed_at_once(tmp_path: Path) -> None:
    out = make_run(tmp_path / "run")
    folder = open_place(Recipe(epochs=2), Place(out, "overwrite"), "two")
    assert open_place(Recipe(), Place(out, "resume"), "one") == out
    (folder / STATE).touch()
    with pytest.raises(RecipeError, match=r"run\.partial has a different recipe"):
        open_place(Recipe(), Place(out, "resume"), "one")


def test_a_resumed_run_that_was_not_to_overwrite_replaces_nothing(tmp_path: Path) -> None:
    out = tmp_path / "run"
    open_place(Recipe(), Place(out), "one")
    make_run(out)
    with pytest.raises(OutputError, match="did not start with --overwrite"):
        open_place(Recipe(), Place(out, "resume"), "one")


@pytest.mark.parametrize("is_complete", [False, True])
def test_another_face_set_is_not_resumed(tmp_path: Path, is_complete: bool) -> None:
    out = tmp_path / "run"
    if is_complete:
        make_run(out)
    else:
        open_place(Recipe(), Place(out), "one")
    with pytest.raises(DatasetError, match="expected the digest one, got two"):
        open_place(Recipe(), Place(out, "resume"), "two")
    assert open_place(Recipe(), Place(out, "resume"), "one").is_dir()


def test_other_votes_or_teachers_are_not_resumed(tmp_path: Path) -> None:
    teacher = tmp_path / "teacher.npz"
    teacher.write_bytes(b"one")
    faces = make_faces()
    faces = dataclasses.replace(faces, votes=np.ones((len(faces), 10), np.uint8))
    others = dataclasses.replace(faces, votes=np.zeros((len(faces), 10), np.uint8))
    loss = Loss(vote_share=0.5, teacher_views="clean")
    recipe, place = Recipe(teachers=(str(teacher),), loss=loss), Place(tmp_path / "run")
    folder = open_place(recipe, place, "one", target_digests(recipe, faces))
    place = dataclasses.replace(place, existing="resume")
    assert open_place(recipe, place, "one", target_digests(recipe, faces)) == folder
    with pytest.raises(DatasetError, match=r"began with other FER\+ votes; resume with the face"):
        open_place(recipe, place, "one", target_digests(recipe, others))
    teacher.write_bytes(b"two")
    with pytest.raises(
        TrainingError, match=r"other files of its teachers \(.*teacher\.npz\); rest"
    ):
        open_place(recipe, place, "one", target_digests(recipe, faces))


def test_votes_that_a_recipe_does_not_use_do_not_matter() -> None:
    faces = make_faces()
    voted = dataclasses.replace(faces, votes=np.ones((len(faces), 10), np.uint8))
    assert target_digests(Recipe(), faces) == target_digests(Recipe(), voted)


def test_a_run_that_did_not_store_its_targets_is_resumed(tmp_path: Path) -> None:
    folder = open_place(Recipe(), Place(tmp_path / "run"), "one")
    (folder / BEGUN).write_text('{"data_digest": "one", "overwrites": false}\n', "utf-8")
    place = Place(tmp_path / "run", "resume")
    assert open_place(Recipe(), place, "one", TargetDigests("votes", "teachers")) == folder


def test_a_run_of_an_older_version_is_resumed(tmp_path: Path) -> None:
    folder = open_place(Recipe(), Place(tmp_path / "run"), "one")
    (folder / BEGUN).unlink()
    assert open_place(Recipe(), Place(tmp_path / "run", "resume"), "two") == folder


def test_a_folder_without_a_recipe_has_nothing_to_resume(tmp_path: Path) -> None:
    partial(tmp_path / "run").mkdir()
    with pytest.raises(TrainingError, match=r"has no recipe\.toml, so there is nothing to contin"):
        open_place(Recipe(), Place(tmp_path / "run", "resume"), "one")


@pytest.mark.parametrize("what", ["start", "teacher", "weights", "data", "log", "run itself"])
@pytest.mark.parametrize("place", ["run", "run.partial"])
def test_a_run_does_not_delete_what_it_reads(tmp_path: Path, what: str, place: str) -> None:
    make_run(tmp_path / "run")
    inner = tmp_path / "link" / "file"
    (tmp_path / "link").symlink_to(tmp_path / place)  # the same place under another name
    (tmp_path / place).mkdir(exist_ok=True)
    inner.touch()
    recipe, wanted = Recipe(), Place(tmp_path / "run", "overwrite")
    if what in ("start", "run itself"):
        recipe = Recipe(start=str(inner if what == "start" else tmp_path / place))
    elif what == "teacher":
        recipe = Recipe(teachers=(str(inner),), loss=Loss(teacher_views="clean"))
    elif what == "weights":
        recipe = Recipe(architecture="resnet50", network=ResNet50(weights=str(inner)))
    else:
        wanted = dataclasses.replace(wanted, **{what: inner})
    with pytest.raises(OutputError, match=r"which --out .* replaces; choose another --out"):
        open_place(recipe, wanted, "one")
    assert inner.exists()


def make_link(out: Path) -> None:
    make_run(out.with_name("other"))
    out.symlink_to("other")


@pytest.mark.parametrize("existing", ["refuse", "overwrite"])
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (Path.touch, "is a file, expected a folder"),
        (make_link, "is a symbolic link to other, expected a folder"),
        (lambda out: out.symlink_to("nowhere"), "is a symbolic link to nowhere"),
    ],
)
def test_a_place_that_cannot_be_replaced_is_refused_before_training(
    tmp_path: Path, make, words: str, existing
) -> None:
    make(tmp_path / "run")
    with pytest.raises(OutputError, match=words):
        open_place(Recipe(), Place(tmp_path / "run", existing), "one")
    assert not partial(tmp_path / "run").exists()


def test_a_mount_point_is_not_overwritten() -> None:
    with pytest.raises(OutputError, match="is a mount point"):
        open_place(Recipe(), Place(Path("/proc"), "overwrite"), "one")


def test_a_kill_while_the_old_run_is_replaced_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = make_run(tmp_path / "run")
    folder = open_place(Recipe(), Place(out, "overwrite"), "two")
    replace = Path.replace

    def stop_at(failing: Path, path: Path, target: Path) -> Path:
        if path == failing:
            raise KeyboardInterrupt
        return replace(path, target)

    for failing in (out, folder):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            stopping = functools.partial(stop_at, failing)
            patch.setattr(Path, "replace", lambda *paths, stopping=stopping: stopping(*paths))
            complete_place(folder, out)
        assert (out / INFO).exists() or (folder / "replaced" / INFO).exists()
        assert open_place(Recipe(), Place(out, "resume"), "two") == folder
    complete_place(folder, out)
    assert [path.name for path in out.iterdir()] == [RECIPE]


def test_a_folder_with_something_else_than_a_run_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "1.jpg").touch()
    with pytest.raises(OutputError, match="is not a run folder"):
        open_place(Recipe(), Place(tmp_path / "photos", "overwrite"), "one")
    assert (tmp_path / "photos" / "1.jpg").exists()


def make_photos(folder: Path) -> None:
    folder.mkdir()
    (folder / "1.jpg").touch()


def make_a_run_with_a_photo(folder: Path) -> None:
    make_photos(folder)
    (folder / RECIPE).touch()


def make_link_to_photos(folder: Path) -> None:
    make_photos(folder.with_name("photos"))
    folder.symlink_to("photos")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (make_photos, "is not a run folder"),
        (make_a_run_with_a_photo, "is an unfinished run"),
        (make_link_to_photos, "is a symbolic link to photos"),
        (Path.touch, "is a file, expected a folder"),
    ],
)
def test_nothing_of_the_users_in_the_unfinished_folders_place_is_deleted(
    tmp_path: Path, make, words: str
) -> None:
    make(tmp_path / "run.partial")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(OutputError, match=f"run.partial {words}"):
        open_place(Recipe(), Place(tmp_path / "run"), "one")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_run_that_was_killed_at_its_beginning_is_begun_again(tmp_path: Path) -> None:
    folder = open_place(Recipe(), Place(tmp_path / "run"), "one")
    (folder / BEGUN).rename(folder / ".begun-a_b1c2d3.json")
    assert open_place(Recipe(), Place(tmp_path / "run"), "one") == folder
    assert sorted(path.name for path in folder.iterdir()) == [BEGUN, RECIPE]


def test_incomplete_files_that_a_kill_left_are_not_in_the_complete_run(tmp_path: Path) -> None:
    folder = open_place(Recipe(), Place(tmp_path / "run"), "one")
    left = (".run-1a2b3c4d.json", ".state-00ff00ff.npz", ".qat-history-00ff00ff.csv")
    own = (".gitignore", ".notes-12345678.txt", ".vscode-settings.json", "history.csv")
    for name in (*left, *own):
        (folder / name).touch()
    complete_place(folder, tmp_path / "run")
    assert {path.name for path in (tmp_path / "run").iterdir()} == {RECIPE, *own}


def test_a_run_with_links_is_not_continued(tmp_path: Path) -> None:
    folder = open_place(Recipe(), Place(tmp_path / "run"), "one")
    (tmp_path / "mine").write_text("mine", "utf-8")
    (folder / "history.csv").symlink_to("../mine")
    with pytest.raises(OutputError, match=r"history\.csv is a symbolic link to \.\./mine, where"):
        open_place(Recipe(), Place(tmp_path / "run", "resume"), "one")
    (folder / "history.csv").unlink()
    folder.rename(tmp_path / "other")
    folder.symlink_to("other")
    with pytest.raises(OutputError, match=r"run\.partial is a symbolic link to other"):
        open_place(Recipe(), Place(tmp_path / "run", "resume"), "one")


def test_the_folder_above_and_the_root_have_or_lack_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run" / "inner").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "run" / "inner")
    assert partial(Path("..")) == tmp_path / "run.partial"
    assert partial(Path()) == tmp_path / "run" / "inner.partial"
    assert partial(Path("a")) == Path("a.partial")
    with pytest.raises(FerEdgeError, match="is the root folder"):
        partial(Path(os.sep))
