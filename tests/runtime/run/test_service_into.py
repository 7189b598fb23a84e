"""`fer-edge service install --into`: all files in one folder, as a deployment needs them."""

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import Result

from fer_edge.files import whole_file

Invoke = Callable[..., Result]
CONFIG = '[source]\ninput = "http://anna:geheim@127.0.0.1/camera"\n[outputs]\njsonl = "f.jsonl"\n'


@pytest.mark.parametrize("kind", ["--user", "--system"])
def test_all_files_stand_in_the_folder_and_the_unit_names_them_there(
    fer_edge: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    (tmp_path / "door.toml").write_text(CONFIG.replace("f.jsonl", "/var/lib/door/f.jsonl"))
    folder = tmp_path / "unit"
    folder.mkdir()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    words = ["service", "install", kind, "--name", "door", "--into", folder]
    if kind == "--user":
        (tmp_path / "door.toml").write_text(CONFIG)
    done = fer_edge(*words, "--config", tmp_path / "door.toml")
    unseen = ("cannot be read by the service's user", "a private /tmp")
    if kind == "--system" and any(words in done.stderr for words in unseen):
        pytest.skip("this checkout is in a folder that no service sees")
    assert done.exit_code == 0, done.stderr
    assert "daemon-reload" not in done.stdout
    assert f"--config {folder}/door.toml" in (folder / "door.service").read_text()
    assert {path.stem for path in folder.iterdir()} == {"door"}
    assert not (tmp_path / "config").exists()


@pytest.mark.parametrize("full", [".service", "FER_EDGE_WEB_TOKEN"])
def test_an_installation_that_fails_keeps_the_secrets_of_the_one_before(
    fer_edge: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: str
) -> None:
    (tmp_path / "mine.toml").write_text(CONFIG)
    words = ("service", "install", "--user", "--name", "door", "--into", tmp_path)
    done = fer_edge(*words, "--config", tmp_path / "mine.toml")
    assert done.exit_code == 0, done.stderr
    secret = tmp_path / "door.secrets" / "FER_EDGE_INPUT"
    before = secret.read_text()

    @contextmanager
    def whole(path: Path, **options: bool) -> Iterator[Path]:
        if path.name.endswith(full):
            raise OSError(errno.ENOSPC, "No space left on device")
        with whole_file(path, **options) as temporary:
            yield temporary

    monkeypatch.setattr("fer_edge.runtime.run.service.unit_file.whole_file", whole)
    more = ("--camera", "0", "--web", "0.0.0.0:8000", "--web-token", "a-token-of-the-house")
    assert fer_edge(*words, "--", *more).exit_code == 1
    assert secret.read_text() == before


def test_a_folder_that_is_not_there_is_refused(fer_edge: Invoke, tmp_path: Path) -> None:
    done = fer_edge("service", "install", "--into", tmp_path / "none", "--", "--camera", "0")
    assert done.exit_code == 2
    assert "does not exist" in done.stderr


def test_relative_paths_start_at_the_folder_as_the_shell_names_it(
    fer_edge: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "private").mkdir()
    link = tmp_path / "door"
    link.symlink_to("private")
    monkeypatch.chdir(link)
    words = ("service", "print", "--user", "--", "--camera", "0", "--jsonl", "faces.jsonl")
    for named, expected in ((link, link), (tmp_path, link.resolve()), ("", link.resolve())):
        monkeypatch.setenv("PWD", str(named))
        assert f'jsonl = "{expected}/faces.jsonl"' in fer_edge(*words).output


def test_a_service_takes_a_token_that_stays(fer_edge: Invoke) -> None:
    words = ("service", "print", "--user", "--", "--camera", "0", "--web", "0.0.0.0:8000")
    refused = fer_edge(*words, "--web-token", "auto")
    assert refused.exit_code == 2
    assert "another token after each start" in refused.stderr
    assert "in a service --web-token TOKEN" in fer_edge(*words).stderr
    assert "WARNING" not in fer_edge(*words, "--web-token", "a-token-of-its-house").stderr
