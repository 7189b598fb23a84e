"""`fer-edge models`."""

from typing import TYPE_CHECKING

import click

from fer_edge.shown import without_controls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fer_edge.model.card import ModelCard
    from fer_edge.model.file import ModelFile

_VALUE_COLUMN = 16
_NARROWEST_VALUE = 24


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the whole cards as JSON.")
def models(as_json: bool) -> None:
    """Show the bundled models; `fer-edge card show FILE` shows any model.

    \b
    Example:
        fer-edge models --json
    """
    import json

    from fer_edge.model.bundled import bundled_models
    from fer_edge.model.file import read_model
    from fer_edge.schema import encode

    files = [read_model(path) for path in bundled_models().values()]
    if as_json:
        cards = [{"path": str(file.path), **encode(file.card)} for file in files]
        click.echo(json.dumps(cards, indent=2))
        return
    for file in files:
        print_card(file)


def print_card(file: "ModelFile") -> None:
    """Print a model's card as text; on a terminal, long values are wrapped in their column."""
    import shutil
    import sys

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    click.secho(without_controls(file.path.stem), bold=True)
    for name, value in _rows(file):
        click.echo(_in_columns(name, without_controls(value), width))


def _in_columns(name: str, value: str, width: int | None) -> str:
    """Return a name and its value as lines of at most `width` characters, except for long words."""
    import textwrap

    lines = [value]
    if width is not None and value:
        lines = textwrap.wrap(
            value,
            max(width - _VALUE_COLUMN, _NARROWEST_VALUE),
            break_long_words=False,
            break_on_hyphens=False,
        )
    heads = [f"  {name}", *[""] * len(lines)]
    rows = [f"{head:{_VALUE_COLUMN - 1}} {line}" for head, line in zip(heads, lines, strict=False)]
    return "\n".join(rows)


def _rows(file: "ModelFile") -> "Iterator[tuple[str, str]]":
    card, size = file.card, file.card.input
    yield "card", card.name
    yield "file", f"{file.path} ({file.size_bytes / 1e6:.2f} MB)"
    yield (
        "network",
        f"{card.architecture}, {card.parameters:,} parameters, {card.macs / 1e6:.1f} M MACs",
    )
    yield "numbers", f"{card.quantization.scheme}, {card.quantization.method}"
    span = "as they are"
    if (size.minimum, size.maximum) != (0.0, 1.0):
        span = f"as {size.minimum:g} to {size.maximum:g}"
    yield "reads", f"{size.height}x{size.width} {size.colors}, 0 to 255 {span}"
    yield "light", card.input.light
    yield "expressions", ", ".join(card.labels)
    yield from _scores(card)
    if card.agreement:
        yield "agreement", f"{card.agreement.top1:.2%} with the float network"
    if card.logit_offsets:
        raised = zip(card.labels, card.logit_offsets, strict=True)
        yield "logit offsets", ", ".join(f"{label} {added:+g}" for label, added in raised if added)
    if card.temperature_scaling:
        yield "calibration", card.temperature_scaling.describe()
    if card.data:
        yield "trained on", f"{card.data.name}, {card.data.train:,} faces"
    if card.compilation:
        yield "compiled for", f"{card.compilation.target}, by {card.compilation.compiler}"
    yield "intended use", card.intended_use
    yield "limits", card.limits
    yield "license", card.license


def _scores(card: "ModelCard") -> "Iterator[tuple[str, str]]":
    for score in card.scores:
        share = f"{score.accuracy_without_duplicates:.2%}" if score.n_without_duplicates else "-"
        yield (
            score.variant,
            f"{score.accuracy:.2%} on {score.n:,} {score.split} faces ({share} without training "
            f"duplicates, balanced {score.balanced_accuracy:.2%})",
        )
        if score.ferplus_accuracy is not None:
            yield (
                "",
                f"{score.ferplus_accuracy:.2%} on the {score.ferplus_n:,} that most FER+ taggers "
                "gave one of these classes, against the taggers",
            )
