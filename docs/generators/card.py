"""The format of the cards inside `.tflite` files, from their dataclasses."""

from collections.abc import Iterator

from docs.generators.fields import documented_fields, first_sentence, nested
from docs.generators.prose import definition, prose
from fer_edge.detector.card import DetectorCard
from fer_edge.model.card import ModelCard


def reference() -> str:
    """Return every key of both cards, object by object."""
    parts = []
    seen: set[type] = set()
    for card in (ModelCard, DetectorCard):
        for part in _objects(card):
            if part not in seen:
                seen.add(part)
                parts += [f"{'##' if part is card else '###'} {part.__name__}", _keys(part)]
    return "\n\n".join(parts)


def _objects(part: type) -> Iterator[type]:
    """Yield a dataclass, and after it those that its fields hold."""
    yield part
    for field in documented_fields(part):
        for inner in nested(field.hint):
            yield from _objects(inner)


def _keys(part: type) -> str:
    keys = [prose(first_sentence(part)), ""]
    for field in documented_fields(part):
        notes = [field.type_words, f"default {field.default_words}" if field.default_words else ""]
        meaning = f"{prose(field.meaning)} " if field.meaning else ""
        keys.append(definition(f"`{field.name}`", f"{meaning}*{'; '.join(filter(None, notes))}*"))
    return "\n".join(keys)
