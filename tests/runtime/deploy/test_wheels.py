"""fer-edge's own wheel, and wheels for a device without internet access."""

import io
import json
import os
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.requirements import Requirement

from fer_edge import __version__
from fer_edge.errors import DeployError, OutputError
from fer_edge.runtime.deploy import pip_for_device, wheelhouse
from fer_edge.runtime.deploy.own_wheel import own_wheel
from fer_edge.runtime.deploy.wheelhouse import collect_wheels, unpacked_mb, wheels_of
from tests.support.stub_wheels import own_requirements

from .situations import FACTS, PYTHON, WHEEL

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[3]


def test_the_wheel_of_this_fer_edge_has_its_code_its_models_and_its_command(tmp_path: Path) -> None:
    wheel = own_wheel()
    (tmp_path / wheel.name).write_bytes(wheel.data)
    target = tmp_path / "installed"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", str(target), str(tmp_path / wheel.name)], check=True)
    code = "import fer_edge; print(fer_edge.__file__, fer_edge.__version__)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(target)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [str(target / "fer_edge" / "__init__.py"), __version__]
    assert (target / "fer_edge" / "runtime" / "run" / "command.py").exists()
    assert (target / "fer_edge" / "model" / "files" / "compact.tflite").exists()
    assert (target / "bin" / "fer-edge").exists()


def test_an_installed_fer_edge_makes_the_wheel_that_it_was_installed_from(tmp_path: Path) -> None:
    wheel = own_wheel()
    with zipfile.ZipFile(io.BytesIO(wheel.data)) as archive:
        archive.extractall(tmp_path)
    code = "from fer_edge.runtime.deploy.own_wheel import own_wheel; print(own_wheel().digest)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == wheel.digest


def test_requirements_of_a_checkout_are_those_of_its_file() -> None:
    requirements = [Requirement(text) for text in own_requirements()]
    assert {item.name for item in requirements} >= {"numpy", "packaging", "paho-mqtt"}
    mqtt = next(item for item in requirements if item.name == "paho-mqtt")
    assert mqtt.marker is not None
    assert mqtt.marker.evaluate({"extra": "mqtt"})
    assert not mqtt.marker.evaluate({"extra": "web"})


def test_plug_ins_of_a_checkout_are_those_of_its_file(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(own_wheel().data)) as archive:
        archive.extractall(tmp_path)
    (found,) = metadata.distributions(path=[str(tmp_path)])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    listed = {(group, name) for group, points in project["entry-points"].items() for name in points}
    points = {(point.group, point.name) for point in found.entry_points}
    assert points == {*listed, ("console_scripts", "fer-edge")}


def test_the_same_files_make_the_same_wheel() -> None:
    assert own_wheel().digest == own_wheel().digest
    assert own_wheel().data == own_wheel().data


def make_wheel(folder: Path, name: str, *requires: str, tag: str = "py3-none-any") -> Path:
    path = folder / f"{name}-1.0-{tag}.whl"
    lines = "".join(f"Requires-Dist: {item}\n" for item in requires)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            f"{name}-1.0.dist-info/METADATA",
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{lines}",
        )
        archive.writestr(f"{name}-1.0.dist-info/WHEEL", f"Wheel-Version: 1.0\nTag: {tag}\n")
        archive.writestr(f"{name}-1.0.dist-info/RECORD", "")
    return path


@pytest.mark.parametrize(("python", "found"), [("3.10", {"one", "two"}), ("3.13", {"one"})])
def test_conditions_are_met_with_the_eyes_of_the_device(
    tmp_path: Path, python: str, found: set[str]
) -> None:
    shelf, out = tmp_path / "shelf", tmp_path / "out"
    shelf.mkdir()
    make_wheel(shelf, "one", 'two; python_version < "3.11"')
    make_wheel(shelf, "two")
    words = ["download", "--quiet", "--no-index", "--find-links", str(shelf), "--dest", str(out)]
    script = [sys.executable, pip_for_device.__file__, json.dumps({"python_version": python})]
    subprocess.run([*script, *words, "--only-binary=:all:", "one"], check=True)
    assert {path.name.partition("-")[0] for path in out.iterdir()} == found


def test_a_library_without_glibc_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(DeployError, match="without glibc 2"):
        collect_wheels(WHEEL, replace(FACTS, glibc=""), PYTHON, "abc")
    left = (tmp_path / "fer-edge" / "wheels").iterdir()
    assert [path for path in left if path.is_dir()] == []


def test_wheels_are_collected_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    make_wheel(shelf, "pip", tag="cp311-abi3-manylinux_2_28_aarch64")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    buffer = io.BytesIO(make_wheel(tmp_path, "fer_edge").read_bytes())
    wheel = replace(WHEEL, version="1.0")
    wheel.__dict__["data"] = buffer.getvalue()
    found = collect_wheels(wheel, FACTS, PYTHON, "abc")
    assert [path.name.partition("-")[0] for path in found] == ["fer_edge", "pip"]
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nothing"))
    assert collect_wheels(wheel, FACTS, PYTHON, "abc") == found
    with pytest.raises(DeployError, match="cannot be downloaded"):
        collect_wheels(wheel, replace(FACTS, machine="riscv64"), PYTHON, "abc")


def test_equal_devices_at_the_same_time_share_one_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    downloads = []

    def download(arguments: list[str], markers: dict[str, str]) -> None:
        downloads.append(arguments)
        time.sleep(0.2)  # so that the other thread comes in between

    monkeypatch.setattr(wheelhouse, "_download", download)
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: collect_wheels(WHEEL, FACTS, PYTHON, "abc"), range(2))
    assert one == other != []
    assert len(downloads) == 1


def test_the_cache_keeps_the_newest_folders_and_those_of_today(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(wheelhouse, "_download", lambda arguments, markers: None)
    cache = wheelhouse.wheel_cache()

    def names() -> set[str]:
        return {path.name.partition("-")[0] for path in cache.iterdir() if path.is_dir()}

    for number in range(6):
        (folder,) = {path.parent for path in collect_wheels(WHEEL, FACTS, PYTHON, f"v{number}")}
        os.utime(folder, (0, 100_000 * (number + 1)))
        (folder.with_name(".part-killed")).mkdir(exist_ok=True)
    os.utime(cache / ".part-killed", (0, 0))
    assert names() == {"v2", "v3", "v4", "v5", ".part"}
    collect_wheels(WHEEL, FACTS, PYTHON, "v2")  # used again
    assert names() == {"v2", "v3", "v4", "v5"}
    for number in range(6):
        collect_wheels(WHEEL, FACTS, PYTHON, f"v{number}")
    assert names() == {f"v{number}" for number in range(6)}


def fill_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Collect four sets of wheels, v0 to v3, which were used long ago."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    monkeypatch.setattr(wheelhouse, "_download", lambda arguments, markers: None)
    for number in range(4):
        wheels = collect_wheels(WHEEL, FACTS, PYTHON, f"v{number}")
        os.utime(wheels[0].parent, (0, 100_000 * (number + 1)))


def test_a_removal_that_is_interrupted_leaves_no_half_folder_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_cache(tmp_path, monkeypatch)

    def interrupted(folder: Path, **options: object) -> None:
        next(folder.iterdir()).unlink()
        raise KeyboardInterrupt

    monkeypatch.setattr(wheelhouse, "shutil", SimpleNamespace(rmtree=interrupted))
    with pytest.raises(KeyboardInterrupt):
        collect_wheels(WHEEL, FACTS, PYTHON, "v4")
    monkeypatch.undo()
    assert not list((tmp_path / "fer-edge" / "wheels").glob("v0-*"))


def test_a_folder_that_cannot_be_removed_stays_and_the_others_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_cache(tmp_path, monkeypatch)
    (lock,) = wheelhouse.wheel_cache().glob(".v0-*.lock")
    lock.unlink()
    lock.mkdir()  # it cannot be opened
    assert collect_wheels(WHEEL, FACTS, PYTHON, "v4")
    assert list(wheelhouse.wheel_cache().glob("v0-*"))


def test_a_cache_that_cannot_be_written_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fer-edge").write_text("a file where the folder belongs")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(OutputError, match=r"cannot write .*abc"):
        collect_wheels(WHEEL, FACTS, PYTHON, "abc")


def test_a_file_that_is_no_wheel_is_named(tmp_path: Path) -> None:
    path = tmp_path / "numpy-2.0-py3-none-any.whl"
    path.write_bytes(b"<html>")
    with pytest.raises(DeployError, match=r"numpy-2.0-py3-none-any.whl is not a readable wheel"):
        unpacked_mb([path])


def test_a_folder_without_wheels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="has no wheels"):
        wheels_of(tmp_path)
    make_wheel(tmp_path, "one")
    assert unpacked_mb(wheels_of(tmp_path)) == 0
