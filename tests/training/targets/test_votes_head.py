"""Auxiliary head that learns FER+ votes in training and is removed afterwards."""

import dataclasses

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.errors import RecipeError
from fer_edge.training.architectures import FourBlock
from fer_edge.training.loop.float_stage import train_float
from fer_edge.training.loop.resident import ResidentFaces, training_model
from fer_edge.training.recipes.recipe import Augmentation, Loss, Optimizer, Recipe
from fer_edge.training.targets.votes_head import VotesHead, vote_shares
from tests.support.cartoons import make_faces

NETWORK = FourBlock(filters=(4, 4, 8, 8), dense_units=16)


def with_votes(faces, happy=8, surprise=2):
    votes = np.zeros((len(faces), 10), np.uint8)
    votes[:, 1], votes[:, 2] = happy, surprise
    return dataclasses.replace(faces, votes=votes)


def test_shares_leave_out_unknown_and_not_a_face():
    votes = np.array([[3, 1, 0, 0, 0, 0, 0, 0, 4, 2], [0, 0, 0, 0, 0, 0, 0, 0, 9, 1]], np.uint8)
    shares = vote_shares(votes)
    assert shares[0].tolist() == [0.75, 0.25, 0, 0, 0, 0, 0, 0]
    assert shares[1].tolist() == [0] * 8  # zeros add nothing to the loss


@pytest.mark.parametrize("mixup", [0.0, 0.5])
def test_its_loss_is_the_weighted_cross_entropy_with_the_votes(mixup):
    pixels = np.random.default_rng(0).integers(0, 256, (4, 48, 48), np.uint8)
    shares = np.eye(8, dtype=np.float32)[[0, 3, 3, 7]]
    network = NETWORK.build(keras, size_px=48, classes=7)
    settings = Augmentation(mixup=mixup)
    head = VotesHead(shares, weight=2.0)
    model = training_model(
        network, ResidentFaces(pixels, settings, 0), settings, Loss(), votes=head
    )
    logits = [v for v in head.trainable_variables if v.path.endswith("bias")]
    for variable in head.trainable_variables:
        variable.assign(np.zeros(variable.shape))
    logits[0].assign(np.log([0.5, *[0.5 / 7] * 7]))
    inputs = {"row": np.array([0, 1], np.int32)}
    if mixup:
        inputs |= {"other": np.array([1, 0], np.int32), "share": np.array([0.25, 1], np.float32)}
    model(inputs, training=True)
    row0, row1 = -np.log(0.5), -np.log(0.5 / 7)
    wanted = row0 + row1 if not mixup else 0.25 * row0 + 0.75 * row1 + row1
    assert float(model.losses[0]) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.train
def test_the_network_keeps_its_shape_and_the_votes_reach_its_weights(tmp_path):
    faces = with_votes(make_faces())
    averaged = Optimizer(kind="sgd", average=0.5)
    recipe = Recipe(
        epochs=1, batch_size=16, learning_rate=0.05, network=NETWORK, optimizer=averaged
    )
    weights = {}
    for weight in (0.0, 1.0):
        folder = tmp_path / str(weight)
        folder.mkdir()
        changed = dataclasses.replace(recipe, loss=Loss(votes_weight=weight))
        train_float(changed, faces, folder, on_epoch=lambda epoch: None)
        weights[weight] = keras.models.load_model(folder / "model.keras").get_weights()
    assert [w.shape for w in weights[1.0]] == [w.shape for w in weights[0.0]]
    assert not np.allclose(weights[1.0][0], weights[0.0][0])


@pytest.mark.train
def test_a_resumed_run_with_it_equals_an_uninterrupted_one(tmp_path):
    faces = with_votes(make_faces())
    recipe = Recipe(epochs=2, batch_size=16, network=NETWORK, loss=Loss(votes_weight=0.5))
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for folder, epochs in ((whole, [2]), (parts, [1, 2])):
        folder.mkdir()
        for number in epochs:
            train_float(
                dataclasses.replace(recipe, epochs=number), faces, folder, on_epoch=lambda e: None
            )
    with np.load(whole / "state.npz") as one, np.load(parts / "state.npz") as other:
        for name in set(one.files) - {"history"}:
            np.testing.assert_allclose(one[name], other[name], atol=1e-5)


def test_votes_are_needed(tmp_path):
    recipe = Recipe(epochs=1, network=NETWORK, loss=Loss(votes_weight=1.0))
    with pytest.raises(RecipeError, match=r"'loss\.votes_weight' needs FER\+ votes"):
        train_float(recipe, make_faces(), tmp_path, on_epoch=lambda epoch: None)
