"""`fer-edge models`."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from fer_edge.model.file import ModelFile


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
    """Print a model's card as text."""
    card, size = file.card, file.card.input
    click.secho(file.path.stem, bold=True)
    click.echo(f"  card          {card.name}")
    click.echo(f"  file          {file.path} ({file.size_bytes / 1e6:.2f} MB)")
    click.echo(
        f"  network       {card.architecture}, {card.parameters:,} parameters, "
        f"{card.macs / 1e6:.1f} M MACs"
    )
    click.echo(f"  numbers       {card.quantization.scheme}, {card.quantization.method}")
    span = "as they are"
    if (size.minimum, size.maximum) != (0.0, 1.0):
        span = f"as {size.minimum:g} to {size.maximum:g}"
    click.echo(f"  reads         {size.height}x{size.width} {size.colors}, 0 to 255 {span}")
    click.echo(f"  light         {card.input.light}")
    click.echo(f"  expressions   {', '.join(card.labels)}")
    for score in card.scores:
        share = f"{score.accuracy_without_duplicates:.2%}" if score.n_without_duplicates else "-"
        click.echo(
            f"  {score.variant:13} {score.accuracy:.2%} on {score.n} {score.split} faces "
            f"({share} without training duplicates, "
            f"balanced {score.balanced_accuracy:.2%})"
        )
        if score.ferplus_accuracy is not None:
            click.echo(
                f"  {'':13} {score.ferplus_accuracy:.2%} on the {score.ferplus_n} that most "
                "FER+ taggers gave one of these classes, against the taggers"
            )
    if card.agreement:
        click.echo(f"  agreement     {card.agreement.top1:.2%} with the float network")
    if card.logit_offsets:
        raised = zip(card.labels, card.logit_offsets, strict=True)
        said = ", ".join(f"{label} {added:+g}" for label, added in raised if added)
        click.echo(f"  logit offsets {said}")
    if card.temperature_scaling:
        click.echo(f"  calibration   {card.temperature_scaling.describe()}")
    if card.data:
        click.echo(f"  trained on    {card.data.name}, {card.data.train:,} faces")
    if card.compilation:
        click.echo(f"  compiled for  {card.compilation.target}, by {card.compilation.compiler}")
    click.echo(f"  intended use  {card.intended_use}")
    click.echo(f"  limits        {card.limits}")
    click.echo(f"  license       {card.license}")
