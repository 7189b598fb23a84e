"""The keys of a training recipe, from `Recipe` and the architectures."""

import dataclasses
import inspect
import re
from importlib.resources import files

from docs.generators.fields import Documented, documented_fields, first_sentence
from docs.generators.prose import definition, prose, table
from fer_edge import plugins
from fer_edge.training.architectures import find_architecture
from fer_edge.training.recipes.checks import LIMITS
from fer_edge.training.recipes.recipe import Recipe, bundled_recipes, load_recipe

_LIMITS = {key: words for key, _, words in LIMITS}


def reference() -> str:
    """Return every key with its type, range, default and meaning, table by table."""
    fields = list(documented_fields(Recipe))
    tables = {f.name: type(f.default) for f in fields if dataclasses.is_dataclass(f.default)}
    plain = [field for field in fields if field.name not in {*tables, "network"}]
    parts = ["## Top level", "\n".join(_key(field, "") for field in plain)]
    for name, part in tables.items():
        parts += [rf"## \[{name}]", prose(first_sentence(part)), _keys(part, f"{name}.")]
    return "\n\n".join([*parts, r"## \[network]", *_networks()])


def bundled() -> str:
    """Return one row a bundled recipe: architecture, epochs, whether it needs votes, purpose."""
    header = ["recipe", "architecture", "epochs", "needs FER+ votes", "purpose"]
    return table(header, [_bundled(name) for name in bundled_recipes()])


def _bundled(name: str) -> list[str]:
    recipe = load_recipe(name)
    loss = recipe.loss
    has_votes = recipe.drop_non_faces or loss.vote_share > 0 or loss.votes_weight > 0
    text = (files("fer_edge.training") / "recipes" / f"{name}.toml").read_text("utf-8")
    comment = " ".join(
        line.lstrip("# ") for line in text.partition("\narchitecture")[0].splitlines()
    )
    purpose = re.split(r"(?<=[.])\s", comment, maxsplit=1)[0].rstrip(".")
    purpose = re.sub(r" \([^()]*\)", "", purpose)
    words = "yes" if has_votes else ""
    return [f"`{name}`", f"`{recipe.architecture}`", str(recipe.epochs), words, prose(purpose)]


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
