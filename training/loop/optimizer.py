"""Optimizer, loss and metrics of a recipe, for both versions of Keras."""

from typing import Any

from ..recipes.recipe import Loss, Optimizer


def build_optimizer(keras: Any, settings: Optimizer, rate: float) -> Any:
    """Build the optimizer of the float stage, with the initial learning rate."""
    average = {"use_ema": True, "ema_momentum": settings.average} if settings.average else {}
    optimizers = keras.optimizers
    if settings.kind == "adamw":
        return optimizers.AdamW(rate, weight_decay=settings.weight_decay, **average)
    if settings.kind == "sgd":
        return optimizers.SGD(
            rate,
            momentum=settings.momentum,
            nesterov=True,
            weight_decay=settings.weight_decay or None,
            **average,
        )
    if settings.kind == "rmsprop":
        return optimizers.RMSprop(rate, momentum=settings.momentum, **average)
    return optimizers.Adam(rate, **average)


def build_loss(keras: Any, loss: Loss, smoothing: float) -> Any:
    """Build the loss against soft targets, smoothed toward the uniform distribution."""
    if loss.kind == "focal":
        return keras.losses.CategoricalFocalCrossentropy(
            gamma=loss.focal_gamma, label_smoothing=smoothing
        )
    return keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)


def build_metrics(keras: Any, classes: int) -> list[Any]:
    """Build the metrics of every run: categorical accuracy and top-3 accuracy."""
    metrics = keras.metrics
    return [
        metrics.CategoricalAccuracy(name="accuracy"),
        metrics.TopKCategoricalAccuracy(k=min(3, classes), name="top3"),
    ]
