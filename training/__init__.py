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
    from fer_edge.evaluation.group_scores import GroupScores
    from fer_edge.faces.faceset import FaceSet, load_faceset, save_faceset
    from fer_edge.faces.groups import Grouping
    from fer_edge.scoring.scores import Scores

    from .api import TrainedRun, train
    from .architectures import Architecture, Pretrained
    from .backend.cluster import Cluster
    from .data.import_options import ImportOptions
    from .data.importing import import_faces
    from .loop.run_place import Existing
    from .recipes.recipe import (
        Augmentation,
        Loss,
        Optimizer,
        QuantizationAware,
        Recipe,
        RecipeChanges,
        Schedule,
        bundled_recipes,
        format_recipe,
        load_recipe,
    )
    from .reporting.history import Epoch, StageName
    from .targets.predictions import save_predictions

_HOMES = {
    "Architecture": ".architectures",
    "Augmentation": ".recipes.recipe",
    "Cluster": ".backend.cluster",
    "Epoch": ".reporting.history",
    "Evaluation": "fer_edge.evaluation.evaluation",
    "Existing": ".loop.run_place",
    "FaceSet": "fer_edge.faces.faceset",
    "GroupScores": "fer_edge.evaluation.group_scores",
    "Grouping": "fer_edge.faces.groups",
    "ImportOptions": ".data.import_options",
    "Loss": ".recipes.recipe",
    "Optimizer": ".recipes.recipe",
    "Pretrained": ".architectures",
    "QuantizationAware": ".recipes.recipe",
    "Recipe": ".recipes.recipe",
    "RecipeChanges": ".recipes.recipe",
    "Schedule": ".recipes.recipe",
    "Scores": "fer_edge.scoring.scores",
    "StageName": ".reporting.history",
    "TrainedRun": ".api",
    "bundled_recipes": ".recipes.recipe",
    "format_recipe": ".recipes.recipe",
    "import_faces": ".data.importing",
    "load_faceset": "fer_edge.faces.faceset",
    "load_recipe": ".recipes.recipe",
    "save_faceset": "fer_edge.faces.faceset",
    "save_predictions": ".targets.predictions",
    "train": ".api",
}
"""Name -> the module that defines it."""

__all__ = [
    "Architecture",
    "Augmentation",
    "Cluster",
    "Epoch",
    "Evaluation",
    "Existing",
    "FaceSet",
    "GroupScores",
    "Grouping",
    "ImportOptions",
    "Loss",
    "Optimizer",
    "Pretrained",
    "QuantizationAware",
    "Recipe",
    "RecipeChanges",
    "Schedule",
    "Scores",
    "StageName",
    "TrainedRun",
    "bundled_recipes",
    "format_recipe",
    "import_faces",
    "load_faceset",
    "load_recipe",
    "save_faceset",
    "save_predictions",
    "train",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
