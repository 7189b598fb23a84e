"""Sharpness-aware minimization: gradients are computed where the loss nearby is higher.

Foret et al. 2021 (arXiv:2010.01412): flat minima generalize better, especially with noisy labels.
The ascent step uses the first half of the batch, since smaller samples are not worse for it
(section 4.1 there), so a whole step costs 1.5 times a normal one instead of twice. Both gradients
use the same augmented faces.
"""

from collections.abc import Callable, Sequence
from typing import Any

from fer_edge.errors import TrainingError

from ..backend.keras3 import keras

ops = keras.ops

BACKENDS = ("tensorflow", "jax")


def check_backend() -> None:
    """Reject a backend without an implementation.

    Raises:
        TrainingError: The backend is PyTorch.
    """
    backend = keras.backend.backend()
    if backend not in BACKENDS:
        raise TrainingError(
            f"optimizer.sharpness needs Keras on {' or '.join(BACKENDS)}, but it runs on "
            f"{backend}; set KERAS_BACKEND, or train with sharpness = 0"
        )


class SharpnessAware(keras.Model):  # type: ignore[misc]  # Keras has no stubs
    """A training model (see `training_model`) with sharpness-aware steps.

    Args:
        inputs: Its inputs.
        views: Layer that computes pixels from them.
        pixels: Output of that layer.
        outputs: Probabilities.
        radius: Length of the ascent step, over all weights.
    """

    def __init__(
        self, inputs: dict[str, Any], views: Any, pixels: Any, outputs: Any, radius: float
    ) -> None:
        super().__init__(inputs=inputs, outputs=outputs)
        self._radius = radius
        self._views = views
        self._judge = keras.Model([*inputs.values(), pixels], outputs)

    def train_step(self, *arguments: Any) -> Any:
        """Take one step; on JAX, Keras also passes the values of the variables."""
        if keras.backend.backend() == "jax":
            return self._jax_step(*arguments)
        return self._tensorflow_step(*arguments)

    def _tensorflow_step(self, data: Any) -> dict[str, Any]:
        import tensorflow as tf

        batch = keras.utils.unpack_x_y_sample_weight(data)
        inputs, wanted, weights = batch
        pixels = self._views(inputs, training=True)
        variables = self.trainable_weights

        def gradients(rows: slice) -> tuple[Any, Any, Sequence[Any]]:
            with tf.GradientTape() as tape:
                loss, said = self._loss(batch, pixels, rows)
            return loss, said, tape.gradient(loss, variables)

        *_, uphill = gradients(_half(pixels))
        steps = self._steps(uphill)
        for variable, step in zip(variables, steps, strict=True):
            variable.assign_add(step)
        loss, said, downhill = gradients(slice(None))
        for variable, step in zip(variables, steps, strict=True):
            variable.assign_sub(step)
        self._loss_tracker.update_state(loss, sample_weight=ops.shape(pixels)[0])
        self.optimizer.apply_gradients(zip(downhill, variables, strict=True))
        logs: dict[str, Any] = self.compute_metrics(inputs, wanted, said, sample_weight=weights)
        return logs

    def _jax_step(self, state: Any, data: Any) -> tuple[dict[str, Any], Any]:
        import jax

        batch = keras.utils.unpack_x_y_sample_weight(data)
        inputs, wanted, weights = batch
        variables, others, optimizer, metrics = state
        pixels, others = self._with_values(
            variables, others, lambda: self._views(inputs, training=True)
        )

        def loss_of(variables: Any, others: Any, rows: slice) -> tuple[Any, Any]:
            (loss, said), others = self._with_values(
                variables, others, lambda: self._loss(batch, pixels, rows)
            )
            return loss, (said, others)

        gradient = jax.value_and_grad(loss_of, has_aux=True)
        (_, (_, others)), uphill = gradient(variables, others, _half(pixels))
        nearby = [v + step for v, step in zip(variables, self._steps(uphill), strict=True)]
        (loss, (said, others)), downhill = gradient(nearby, others, slice(None))
        variables, optimizer = self.optimizer.stateless_apply(optimizer, downhill, variables)
        logs, metrics = self._update_metrics_variables(metrics, loss, inputs, wanted, said, weights)
        return logs, (variables, others, optimizer, metrics)

    def _with_values(
        self, variables: Any, others: Any, call: Callable[[], Any]
    ) -> tuple[Any, list[Any]]:
        """Call with these values of the variables; also return the new values of the others."""
        mapping = [
            *zip(self.trainable_variables, variables, strict=True),
            *zip(self.non_trainable_variables, others, strict=True),
        ]
        with keras.StatelessScope(state_mapping=mapping, collect_losses=True) as scope:
            result = call()
        return result, [scope.get_current_value(v) for v in self.non_trainable_variables]

    def _loss(self, batch: Any, pixels: Any, rows: slice) -> tuple[Any, Any]:
        """Return the loss and the probabilities of some rows of the batch."""
        inputs, wanted, weights = batch
        some = {name: values[rows] for name, values in inputs.items()}
        said = self._judge([*some.values(), pixels[rows]], training=True)
        weights = None if weights is None else weights[rows]
        loss = self.compute_loss(some, wanted[rows], said, weights, training=True)
        return loss, said

    def _steps(self, uphill: Sequence[Any]) -> list[Any]:
        length = ops.sqrt(sum(ops.sum(ops.square(gradient)) for gradient in uphill))
        scale = self._radius / ops.maximum(length, 1e-12)
        return [gradient * scale for gradient in uphill]


def _half(pixels: Any) -> slice:
    return slice(0, (ops.shape(pixels)[0] + 1) // 2)
