"""Ray tasks of a sweep that fail, with a stand-in for Ray."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from fer_edge.errors import ClusterError
from fer_edge.training.sweep import on_ray


class StandIn:
    """Ray whose tasks return the given reasons."""

    def __init__(self, *reasons: str) -> None:
        self.reasons = iter(reasons)
        self.exceptions = SimpleNamespace(RayError=RuntimeError)
        self.is_open = True

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": 3.0}

    def remote(self, **options: Any) -> Any:
        task = SimpleNamespace(remote=lambda arguments: next(self.reasons))
        return lambda function: task

    def get(self, reference: str) -> str:
        return reference

    def shutdown(self) -> None:
        self.is_open = False


def test_a_task_that_fails_is_named_and_the_sweep_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ray = StandIn("", "no GPU", "")
    monkeypatch.setattr(on_ray, "connect", lambda address, cores: ray)
    with caplog.at_level(logging.WARNING):
        on_ray.search_on_ray("local", None, ["sweep"])
    assert caplog.messages == ["Ray task 2 of 3 failed: no GPU"]
    assert not ray.is_open


def test_a_sweep_without_any_task_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    ray = StandIn("no GPU", "no disk")
    monkeypatch.setattr(on_ray, "connect", lambda address, cores: ray)
    with pytest.raises(ClusterError, match="no Ray task on local could run the search: no GPU"):
        on_ray.search_on_ray("local", 2, ["sweep"])
    assert not ray.is_open
