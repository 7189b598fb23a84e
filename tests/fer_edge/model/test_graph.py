import random
from itertools import count

import pytest

from fer_edge.errors import ModelError
from fer_edge.model.bundled import bundled_models
from fer_edge.model.file import ModelFile, read_model
from fer_edge.model.graph import Graph, Operator, Tensor, read_graph
from tests.support.graph_edits import renamed


@pytest.fixture(params=sorted(bundled_models()))
def model(request: pytest.FixtureRequest) -> ModelFile:
    return read_model(bundled_models()[request.param])


def test_the_card_of_a_bundled_model_counts_as_its_graph_does(model: ModelFile) -> None:
    graph = read_graph(model.flatbuffer)
    assert graph.macs == model.card.macs > 1e6
    assert graph.parameters == model.card.parameters
    # int8 weights take about one byte each
    assert graph.parameters < len(model.flatbuffer) < 1.5 * graph.parameters + 100_000


def test_a_bundled_model_is_integer_throughout(model: ModelFile) -> None:
    graph = read_graph(model.flatbuffer)
    for operator in graph.operators:
        for tensor in (*operator.inputs, *operator.outputs):
            assert tensor.dtype in ("INT8", "UINT8", "INT32"), (operator.name, tensor)
    assert graph.operators[0].inputs[0].dtype == "UINT8"
    assert graph.operators[-1].outputs[0].dtype == "UINT8"
    assert not {"DEQUANTIZE", "CUSTOM", "DELEGATE"} & set(graph.counts())


def test_the_convolutions_of_a_bundled_model_have_a_scale_per_channel(model: ModelFile) -> None:
    convolutions = [
        operator
        for operator in read_graph(model.flatbuffer).operators
        if operator.name == "CONV_2D"
    ]
    assert convolutions
    for operator in convolutions:
        channels = operator.outputs[0].shape[-1]
        assert len(operator.inputs[1].scales) == channels
        assert len(set(operator.inputs[1].scales)) > 1


def tensor(*shape: int, index: int = -1, constant: bool = False) -> Tensor:
    return Tensor("t", shape, "INT8", constant, (), index=index)


@pytest.mark.parametrize(
    ("name", "inputs", "output", "macs", "parameters"),
    [
        ("CONV_2D", [(1, 8, 8, 3), (16, 3, 3, 3), (16,)], (1, 4, 4, 16), 16 * 16 * 27, 448),
        ("DEPTHWISE_CONV_2D", [(1, 8, 8, 6), (1, 3, 3, 6), (6,)], (1, 8, 8, 6), 384 * 9, 60),
        ("FULLY_CONNECTED", [(1, 10), (7, 10), (7,)], (1, 7), 70, 77),
        ("SOFTMAX", [(1, 7)], (1, 7), 0, 0),
        ("ADD", [(1, 4, 4, 8), (8,)], (1, 4, 4, 8), 0, 8),
    ],
)
def test_an_operator_has_its_known_cost(
    name: str,
    inputs: list[tuple[int, ...]],
    output: tuple[int, ...],
    macs: int,
    parameters: int,
) -> None:
    read = [tensor(*shape, index=i, constant=i > 0) for i, shape in enumerate(inputs)]
    graph = Graph((Operator(name, tuple(read), (tensor(*output),)),))
    assert (graph.macs, graph.parameters) == (macs, parameters)


def test_weights_are_counted_by_their_type_in_the_file() -> None:
    numbers = count()

    def made(name: str, dtype: str, *shape: int, constant: bool = False) -> Tensor:
        return Tensor(name, shape, dtype, constant, (), index=next(numbers))

    half, wide = made("half", "FLOAT16", 7, 10, constant=True), made("wide", "FLOAT32", 7, 10)
    small = made("small", "INT8", 3, 7, constant=True)
    middle, end = made("middle", "FLOAT32", 1, 7), made("end", "FLOAT32", 1, 3)
    graph = Graph(
        (
            Operator("DEQUANTIZE", (half,), (wide,)),
            Operator("FULLY_CONNECTED", (made("face", "FLOAT32", 1, 10), wide), (middle,)),
            Operator("FULLY_CONNECTED", (middle, small), (end,)),
        )
    )
    assert graph.weight_types() == {("FLOAT32", "FLOAT16"): 70, ("FLOAT32", "INT8"): 21}


@pytest.mark.parametrize("name", [None, "", "a"], ids=["stripped", "empty", "equal"])
def test_tensors_need_no_names(model: ModelFile, name: str | None) -> None:
    graph = read_graph(renamed(model.flatbuffer, name))
    expected = read_graph(model.flatbuffer)
    assert (graph.parameters, graph.macs) == (expected.parameters, expected.macs)
    assert graph.weight_types() == expected.weight_types()
    assert {tensor.name for tensor in graph.inputs} == {name or ""}


@pytest.mark.slow
def test_a_damaged_graph_is_refused_or_read(model: ModelFile) -> None:
    chance, size = random.Random(1), len(model.flatbuffer)
    for data in (b"", b"TFL3", bytes(100), model.flatbuffer[: size // 2], model.flatbuffer[:40]):
        with pytest.raises(ModelError):
            read_graph(data)
    for _ in range(200):
        damaged = bytearray(model.flatbuffer)
        place = chance.choice([chance.randrange(400), chance.randrange(size - 20_000, size)])
        damaged[place] ^= 1 << chance.randrange(8)
        try:
            read_graph(bytes(damaged))
        except ModelError as error:
            assert "graph is damaged" in str(error) or "subgraphs" in str(error)
