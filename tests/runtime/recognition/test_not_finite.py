"""Faces for which the model has no finite output."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from fer_edge.inference.model import TFLiteModel
from fer_edge.model.bundled import DEFAULT_MODEL, find_model
from fer_edge.model.file import read_model
from fer_edge.runtime.capture.frame import Frame
from fer_edge.runtime.recognition.follower import Follower
from fer_edge.runtime.recognition.result import UNCERTAIN
from fer_edge.runtime.recognition.smoothing import Steadiness

from ...support.scripted_model import ScriptedModel
from .test_follower import PLAIN, Seen, place, view


class Faulty(TFLiteModel):
    """Model without a finite output where its inputs are black, as one that divides by contrast."""

    def __init__(self) -> None:
        super().__init__(read_model(find_model(DEFAULT_MODEL)))

    def probabilities(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        normal = super().probabilities(pixels)
        return normal if pixels.any() else np.full_like(normal, np.nan)


BLACK = Frame(np.zeros((480, 640, 3), np.uint8), 0, 0.0, "black")


def test_a_face_without_a_finite_output_keeps_its_label_and_recovers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sure = Steadiness(uncertain_below=0)
    with Faulty() as model, Follower(model, Seen(t1=place(1)), steadiness=sure) as follower:
        for step in range(20):
            before = follower.read_frame(view(step / 10, 1))[0]
        assert before.label != UNCERTAIN
        for step in range(20, 25):
            dark = follower.read_frame(replace(BLACK, time_s=step / 10))[0]
            assert (dark.label, dark.probabilities) == (before.label, before.probabilities)
        for step in range(25, 40):
            after = follower.read_frame(view(step / 10, 1))[0]
        assert after.label == before.label
        assert after.probability == pytest.approx(before.probability, abs=0.01)
    assert [record.message for record in caplog.records if "finite" in record.message] == [
        f"{model.file.path}: its output for a face is not finite; such faces are uncertain"
    ]


def test_a_new_face_without_a_finite_output_is_uncertain_and_then_recovers() -> None:
    with Faulty() as model, Follower(model, Seen(t1=place(1)), steadiness=PLAIN) as follower:
        dark = follower.read_frame(BLACK)[0]
        assert dark.label == UNCERTAIN
        assert [*dark.probabilities.values()] == pytest.approx([1 / 7] * 7)
        assert follower.read_frame(view(0.1, 1))[0].label != UNCERTAIN


def labels_of(script: Sequence[str | None]) -> list[str]:
    """Return the label after each reading of a face, 10 times per second, with the defaults."""
    with ScriptedModel(script) as model, Follower(model, Seen(t1=place(1))) as follower:
        return [follower.read_frame(view(step / 10))[0].label for step in range(len(script))]


def test_readings_without_a_finite_output_do_not_count_in_the_smoothing() -> None:
    assert labels_of([None, None, "happy"]) == [UNCERTAIN, UNCERTAIN, "happy"]
    # after 2 s the old probabilities have no weight, also if there were readings without a result
    assert labels_of(["happy", *20 * [None], "angry"]) == [*21 * ["happy"], "angry"]
