"""A model card, as a conversion writes it."""

from dataclasses import replace

from fer_edge.faces.labels import FER2013
from fer_edge.model.card import Calibration, CardScore, DataInfo, InputSpec, ModelCard, Quantization
from fer_edge.scoring.scores import Agreement
from fer_edge.scoring.temperature import TemperatureScaling

SCORE = CardScore("served", "validation", 10, 0.5, 9, 0.4, 0.45, 0.44, 0.1, (0.5,) * 7)
SCALING = TemperatureScaling(1.25, 100, "validation", "abc", 0.08, 0.02)
CARD = ModelCard(
    name="tiny",
    architecture="four-block",
    labels=FER2013,
    input=InputSpec(48, 48),
    quantization=Quantization("int8", "ptq", Calibration(512, 0, "abc")),
    parameters=10,
    macs=20,
    sha256="00",
    recipe='kind = "cosine"\n',
    data=DataInfo("faces.npz", "abc", 100, 10),
    tools=("keras 3", "tensorflow 2"),
    scores=(replace(SCORE, variant="float"), SCORE),
    agreement=Agreement(10, 0.9, 1, 2, -0.1, (-0.2, 0.0), 0.3),
)
