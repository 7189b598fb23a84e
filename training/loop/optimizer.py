"""A recipe's optimizer and loss, and what is measured beside it, for either Keras."""

from typing import Any

from ..recipes.recipe import Loss, Optimizer


def build_optimizer(keras: Any, settings: Optimizer, rate: float) -> Any:
    """Build the optimizer of the float stage, with its first learning rate."""
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
    """Build the loss against soft targets, which are smoothed towards evenness by a share."""
    if loss.kind == "focal":
        return keras.losses.CategoricalFocalCrossentropy(
            gamma=loss.focal_gamma, label_smoothing=smoothing
        )
    return keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)


def build_metrics(keras: Any, classes: int) -> list[Any]:
    """Build what every run reports beside the loss: categorical accuracy and top-3 accuracy."""
    metrics = keras.metrics
    return [
        metrics.CategoricalAccuracy(name="accuracy"),
        metrics.TopKCategoricalAccuracy(k=min(3, classes), name="top3"),
    ]
