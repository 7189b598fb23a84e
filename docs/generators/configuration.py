"""The keys of a run's configuration file, from `RunConfig` and its parts."""

from docs.generators.fields import Documented, documented_fields, first_sentence
from docs.generators.prose import definition, number_range, prose
from fer_edge.cli.option_fields import OptionField, option_fields
from fer_edge.runtime.run.config import PARTS, RunConfig


def reference() -> str:
    """Return every key with its type, default, option and meaning, table by table."""
    parts = ["## Top level", _keys(RunConfig)]
    for table, part in PARTS.items():
        parts += [f"## [{table}]".replace("[", r"\["), prose(first_sentence(part)), _keys(part)]
    return "\n\n".join(parts)


def _keys(part: type) -> str:
    options = dict(option_fields(part))
    fields = [field for field in documented_fields(part) if field.name in options]
    return "\n".join(_key(field, options[field.name]) for field in fields)


def _key(field: Documented, option: OptionField) -> str:
    low, high = option.at_least, option.at_most
    notes = [
        field.type_words,
        number_range(low, high, is_above=option.is_above),
        f"default {field.default_words}" if field.default_words else "",
        f"option `{option.flags[0]}`",
    ]
    return definition(f"`{field.name}`", f"{prose(option.help)} *{'; '.join(filter(None, notes))}*")
