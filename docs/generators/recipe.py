"""The keys of a training recipe, from `Recipe` and the architectures."""

import dataclasses
import inspect

from docs.generators.fields import Documented, documented_fields, first_sentence
from docs.generators.prose import definition, prose
from fer_edge import plugins
from fer_edge.training.architectures import find_architecture
from fer_edge.training.recipes.recipe import LIMITS, Recipe

_LIMITS = {key: words for key, _, words in LIMITS}


def reference() -> str:
    """Return every key with its type, range, default and meaning, table by table."""
    fields = list(documented_fields(Recipe))
    tables = {f.name: type(f.default) for f in fields if dataclasses.is_dataclass(f.default)}
    plain = [field for field in fields if field.name not in tables]
    parts = ["## Top level", "\n".join(_key(field, "") for field in plain)]
    for table, part in tables.items():
        if table != "network":
            parts += [rf"## \[{table}]", prose(first_sentence(part)), _keys(part, f"{table}.")]
    return "\n\n".join([*parts, r"## \[network]", *_networks()])


def _networks() -> list[str]:
    parts = ["The options of the architecture that `architecture` names."]
    for name in plugins.own_names(plugins.ARCHITECTURES):
        part = find_architecture(name)
        about = first_sentence(inspect.getmodule(part))
        parts += [f"### {name}", prose(about), _keys(part, "network.")]
    return parts


def _keys(part: type, prefix: str) -> str:
    return "\n".join(_key(field, prefix) for field in documented_fields(part))


def _key(field: Documented, prefix: str) -> str:
    notes = [field.type_words, _LIMITS.get(prefix + field.name, "")]
    notes += [f"default {field.default_words}"] if field.default_words else []
    meaning = f"{prose(field.meaning)} " if field.meaning else ""
    return definition(f"`{field.name}`", f"{meaning}*{'; '.join(filter(None, notes))}*")
