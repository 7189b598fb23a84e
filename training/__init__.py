"""From pictures to a trained Keras model. Needs the extra `fer-edge[train]`.

Example:
    from fer_edge.training import train

    run = train("faces.npz", "runs/own", recipe="own-faces", start="compact", qat=True)
    print(run.scores.every_face.accuracy)

The names below are loaded when they are first used (PEP 562): importing this package costs nothing,
Keras comes with `train`.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fer_edge.evaluation import Evaluation
    from fer_edge.faceset import FaceSet, load_faceset, save_faceset

    from .api import TrainedRun, train
    from .history import Epoch, StageName
    from .importing import import_faces
    from .recipe import Recipe, RecipeChanges, bundled_recipes, format_recipe, load_recipe
    from .run_place import Existing

_HOMES = {
    "Epoch": ".history",
    "Evaluation": "fer_edge.evaluation",
    "Existing": ".run_place",
    "FaceSet": "fer_edge.faceset",
    "Recipe": ".recipe",
    "RecipeChanges": ".recipe",
    "StageName": ".history",
    "TrainedRun": ".api",
    "bundled_recipes": ".recipe",
    "format_recipe": ".recipe",
    "import_faces": ".importing",
    "load_faceset": "fer_edge.faceset",
    "load_recipe": ".recipe",
    "save_faceset": "fer_edge.faceset",
    "train": ".api",
}
"""Name -> the module that defines it."""

__all__ = [
    "Epoch",
    "Evaluation",
    "Existing",
    "FaceSet",
    "Recipe",
    "RecipeChanges",
    "StageName",
    "TrainedRun",
    "bundled_recipes",
    "format_recipe",
    "import_faces",
    "load_faceset",
    "load_recipe",
    "save_faceset",
    "train",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name], __name__), name)
    globals()[name] = value  # asked for once only
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
