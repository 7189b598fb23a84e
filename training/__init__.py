"""From pictures to a trained Keras model. Needs the extra `fer-edge[train]`.

Example:
    from fer_edge.training import train

    run = train("faces.npz", "runs/own", recipe="own-faces", start="compact", qat=True)
    print(run.scores.every_face.accuracy)

The names below are loaded on first use (PEP 562): importing this package is cheap, Keras is
imported by `train`.
"""

from typing import TYPE_CHECKING

from fer_edge.lazy_names import lazy_names

if TYPE_CHECKING:
    from fer_edge.evaluation.evaluation import Evaluation
    from fer_edge.faces.faceset import FaceSet, load_faceset, save_faceset

    from .api import TrainedRun, train
    from .architectures import Architecture, Pretrained
    from .backend.cluster import Cluster
    from .data.import_options import ImportOptions
    from .data.importing import import_faces
    from .loop.run_place import Existing
    from .recipes.recipe import Recipe, RecipeChanges, bundled_recipes, format_recipe, load_recipe
    from .reporting.history import Epoch, StageName

_HOMES = {
    "Architecture": ".architectures",
    "Cluster": ".backend.cluster",
    "Epoch": ".reporting.history",
    "Evaluation": "fer_edge.evaluation.evaluation",
    "Existing": ".loop.run_place",
    "FaceSet": "fer_edge.faces.faceset",
    "ImportOptions": ".data.import_options",
    "Pretrained": ".architectures",
    "Recipe": ".recipes.recipe",
    "RecipeChanges": ".recipes.recipe",
    "StageName": ".reporting.history",
    "TrainedRun": ".api",
    "bundled_recipes": ".recipes.recipe",
    "format_recipe": ".recipes.recipe",
    "import_faces": ".data.importing",
    "load_faceset": "fer_edge.faces.faceset",
    "load_recipe": ".recipes.recipe",
    "save_faceset": "fer_edge.faces.faceset",
    "train": ".api",
}
"""Name -> the module that defines it."""

__all__ = [
    "Architecture",
    "Cluster",
    "Epoch",
    "Evaluation",
    "Existing",
    "FaceSet",
    "ImportOptions",
    "Pretrained",
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

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
