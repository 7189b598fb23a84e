"""Regression from votes to labels, compared with the known rule that drew the labels."""

import numpy as np

from fer_edge.training.targets.vote_translation import learn_translation, translate

CLASSES = 3


def drawn(n, seed=0):
    """Return votes of ten taggers, labels drawn by the squared vote shares, and those odds."""
    random = np.random.default_rng(seed)
    votes = np.zeros((n, 10), np.uint8)
    votes[:, :CLASSES] = random.multinomial(10, random.dirichlet(np.ones(CLASSES), n))
    rule = votes[:, :CLASSES].astype(float) ** 2
    rule /= rule.sum(axis=1, keepdims=True)
    labels = (random.random((n, 1)) > rule.cumsum(axis=1)).sum(axis=1).astype(np.uint8)
    return votes, labels, rule


def test_the_rule_is_found_also_for_other_faces():
    votes, labels, _ = drawn(20_000)
    others, _, rule = drawn(500, seed=1)
    said = translate(others, learn_translation(votes, labels, CLASSES))
    assert said.dtype == np.float32
    np.testing.assert_allclose(said.sum(axis=1), 1, rtol=1e-5)
    assert np.abs(said - rule).mean() < 0.02
    shares = others[:, :CLASSES] / 10
    assert np.abs(said - rule).mean() < 0.3 * np.abs(shares - rule).mean()


def test_a_class_that_no_label_has_stays_unlikely():
    votes, labels, _ = drawn(2_000)
    labels[labels == 2] = 1
    assert translate(votes, learn_translation(votes, labels, CLASSES))[:, 2].max() < 0.05


def test_labels_that_the_votes_tell_for_sure_do_not_break_it():
    votes = np.zeros((300, 10), np.uint8)
    labels = (np.arange(300) % CLASSES).astype(np.uint8)
    votes[np.arange(300), labels] = 10
    said = translate(votes, learn_translation(votes, labels, CLASSES))
    assert np.isfinite(said).all() and (said.argmax(axis=1) == labels).all()


def test_faces_without_votes_teach_nothing():
    votes, labels, _ = drawn(500)
    weights = learn_translation(votes, labels, CLASSES)
    silent = np.zeros_like(votes)
    more = learn_translation(
        np.concatenate([votes, silent]), np.concatenate([labels, 0 * labels]), CLASSES
    )
    np.testing.assert_array_equal(weights, more)
    alike = translate(votes, learn_translation(silent, labels, CLASSES))
    np.testing.assert_allclose(alike, 1 / CLASSES, rtol=1e-6)
