"""The bundled models, from the cards in their files."""

from docs.generators.prose import prose, table
from fer_edge.aligner.file import bundled_aligner, read_aligner
from fer_edge.detector.file import DetectorFile, bundled_detectors, read_detector
from fer_edge.model.bundled import DEFAULT_MODEL, bundled_models
from fer_edge.model.card import CardScore, ModelCard
from fer_edge.model.file import ModelFile, read_model


def model_card(name: str) -> str:
    """Return what the card of a bundled model says, as tables."""
    file = read_model(bundled_models()[name])
    parts = [
        table(["", ""], _facts(file)),
        "**Scores** through the served path:",
        _scores(file.card),
    ]
    parts += [_agreement(file.card), "**Recall** of this file:", _recalls(file.card)]
    return "\n\n".join(filter(None, parts))


def comparison() -> str:
    """Return one row a bundled model: accuracy, size, expressions."""
    header = ["model", "classes", "accuracy", "faces", "without duplicates", "balanced"]
    rows = []
    for name in sorted(bundled_models(), key=lambda name: name != DEFAULT_MODEL):
        file = read_model(bundled_models()[name])
        score, agreement = served(file.card), file.card.agreement
        row = [
            f"[`{name}`]({name}.md)",
            str(len(file.card.labels)),
            percent(score.accuracy),
            f"{score.n:,}",
            percent(score.accuracy_without_duplicates),
            percent(score.balanced_accuracy),
            "" if agreement is None else f"{100 * agreement.difference:+.2f} points",
            megabytes(file.size_bytes),
        ]
        rows.append(row)
    return table([*header, "against float", "size"], rows)


def detector_cards() -> str:
    """Return what the cards of the bundled face detectors say, a column each."""
    files = [read_detector(path) for path in bundled_detectors().values()]
    columns = [_detector_facts(file) for file in files]
    names = [key for key, _ in columns[0]]
    rows = zip(names, *([value for _, value in column] for column in columns), strict=True)
    return table(["", *(f"`{file.path.stem}`" for file in files)], rows)


def aligner_card() -> str:
    """Return what the card of the bundled aligner states."""
    file = read_aligner(bundled_aligner())
    card = file.card
    errors = [
        f"{error.roll_degrees:.1f} degrees, {100 * error.log_scale:.1f}% of the size, "
        f"{100 * error.shift:.1f}% of the side"
        for error in (card.errors, card.float_errors)
    ]
    return table(
        ["", "`aligner`"],
        [
            ("input", f"{card.height}x{card.width} pixels, gray"),
            ("work", f"{card.macs / 1e6:.1f} million multiply-accumulates a face"),
            ("size", f"{megabytes(file.size_bytes)} ({file.size_bytes:,} bytes)"),
            (f"median errors, {card.errors.faces:,} views of faces it never saw", errors[0]),
            ("those of the float network", errors[1]),
            ("license", prose(card.license)),
            ("made with", ", ".join(card.tools)),
        ],
    )


def served(card: ModelCard) -> CardScore:
    """Return the score of the file itself.

    Raises:
        ValueError: The card has none.
    """
    score = card.served_score()
    if score is None:
        raise ValueError(f"the card of {card.name} has no score of the file; evaluate it first")
    return score


def percent(share: float) -> str:
    """Return a share with two decimals."""
    return f"{100 * share:.2f}%"


def megabytes(size_bytes: int) -> str:
    """Return a file's size."""
    return f"{size_bytes / 1e6:.2f} MB"


def _facts(file: ModelFile) -> list[tuple[str, str]]:
    card = file.card
    size, data, scaling = card.input, card.data, card.temperature_scaling
    facts = [
        ("expressions", ", ".join(f"`{label}`" for label in card.labels)),
        ("network", f"`{card.architecture}`, {card.parameters:,} parameters"),
        ("work", f"{card.macs / 1e6:.1f} million multiply-accumulates a face"),
        ("numbers", f"{card.quantization.scheme}, {card.quantization.method}"),
        ("input", f"{size.height}x{size.width} pixels, {size.colors}"),
        ("size", f"{megabytes(file.size_bytes)} ({file.size_bytes:,} bytes)"),
    ]
    if data is not None:
        words = f"`{data.name}`: {data.train:,} training and {data.validation:,} validation faces"
        facts.append(("data", words))
    if scaling is not None:
        before, after = percent(scaling.error_before), percent(scaling.error_after)
        words = f"{scaling.value:.3f}: calibration error {before} before, {after} after"
        facts.append(("temperature", words))
    facts += [("logit offsets", offsets)] if (offsets := _offsets(card)) else []
    facts += [("intended use", prose(card.intended_use)), ("limits", prose(card.limits))]
    return [*facts, ("license", prose(card.license)), ("made with", ", ".join(card.tools))]


def _offsets(card: ModelCard) -> str:
    pairs = zip(card.labels, card.logit_offsets, strict=False)
    return ", ".join(f"`{label}` {value:+g}" for label, value in pairs if value)


def _scores(card: ModelCard) -> str:
    header = ["", "faces", "accuracy", "without duplicates", "balanced", "macro F1", "top 3"]
    rows = [
        [
            "this file" if score.variant == "served" else "float network",
            f"{score.n:,}",
            percent(score.accuracy),
            f"{percent(score.accuracy_without_duplicates)} of {score.n_without_duplicates:,}",
            percent(score.balanced_accuracy),
            percent(score.macro_f1),
            "" if score.top3_accuracy is None else percent(score.top3_accuracy),
        ]
        for score in card.scores
    ]
    return table(header, rows)


def _agreement(card: ModelCard) -> str:
    found = card.agreement
    if found is None:
        return ""
    low, high = (f"{100 * bound:+.2f}" for bound in found.interval)
    return (
        f"Against the float network: {100 * found.difference:+.2f} points of accuracy "
        f"[{low}, {high}], the same label on {percent(found.top1)} of the faces."
    )


def _recalls(card: ModelCard) -> str:
    recalls = [f"{100 * share:.0f}%" for share in served(card).recall]
    return table(card.labels, [recalls])


def _detector_facts(file: DetectorFile) -> list[tuple[str, str]]:
    card, agreement = file.card, file.card.agreement
    size = f"{card.input.width}x{card.input.height} pixels"
    return [
        ("network", f"{card.architecture}, {card.parameters:,} parameters"),
        ("work", f"{card.macs / 1e6:.0f} million multiply-accumulates per detection"),
        ("numbers", card.scheme),
        ("input", f"{size}, any other" if card.input.is_resizable else size),
        ("size", megabytes(file.size_bytes)),
        ("made of", f"`{card.source}`"),
        (
            "against OpenCV",
            f"{percent(agreement.found)} of {agreement.faces:,} faces found, boxes overlap by "
            f"{percent(agreement.overlap)}",
        ),
        ("training data", prose(card.training_data)),
        ("license", "MIT, (c) 2020 Shiqi Yu; the full text is in the card"),
    ]
