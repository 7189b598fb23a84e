"""Properties of the bundled model files."""

from pathlib import Path

import numpy as np
import pytest

from fer_edge.errors import ConfigError, ModelError
from fer_edge.inference.model import open_model
from fer_edge.model.bundled import bundled_files, bundled_models, find_model
from fer_edge.model.file import read_model
from fer_edge.runtime.recognition.smoothing import STEADY

MODELS = sorted(bundled_models())


@pytest.mark.parametrize("name", MODELS)
def test_a_raised_class_does_not_win_in_a_picture_in_which_the_network_sees_nothing(
    name: str,
) -> None:
    card = read_model(bundled_models()[name]).card
    logits = np.array(card.logit_offsets or [0.0] * len(card.labels))
    powers = np.exp(logits / card.temperature)
    assert powers.max() / powers.sum() < STEADY.uncertain_below


@pytest.mark.parametrize("name", MODELS)
def test_one_gray_has_no_confident_label(name: str) -> None:
    with open_model(bundled_models()[name]) as model:
        best = [
            model.probabilities(np.full(model.input_shape, level, np.uint8)).max()
            for level in range(0, 256, 5)
        ]
    # `tiny` was not trained with pictures without a face
    assert np.median(best) < (0.6 if name == "tiny" else STEADY.uncertain_below)


def test_an_installation_without_model_files_names_its_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"{tmp_path} has no model files.*pip install fer-edge"):
        bundled_files(tmp_path)


def test_an_empty_name_is_no_folder() -> None:
    with pytest.raises(ConfigError, match="the model is empty"):
        find_model("")
