"""Code in files given to `convert` does not run; here it would write a canary file."""

import base64
import marshal

import pytest

pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.faces.labels import FER2013
from tests.support.clear_line import assert_one_clear_line

from ...support.network_files import (
    KINDS,
    as_run_folder,
    change_config,
    keras_of,
    layer_of,
    saved,
    small_network,
)

pytestmark = pytest.mark.train


@pytest.fixture
def canary(tmp_path, monkeypatch):
    """Return the path of the canary; code writes it itself or by importing `canary_module`."""
    path = tmp_path / "canary"
    modules = tmp_path / "modules"
    modules.mkdir()
    code = f"open({str(path)!r}, 'w').close()\nTheirs = run = str\n"
    (modules / "canary_module.py").write_text(code)
    monkeypatch.syspath_prepend(modules)
    return path


@pytest.fixture
def convert(cartoons, fer_edge, tmp_path):
    def invoke(path, *more):
        return fer_edge(
            *("convert", path, "--data", cartoons, "--out", tmp_path / "out", "--float32"),
            *("--labels", ",".join(FER2013), "--trust-claims", "--max-drop", 100, *more),
        )

    return invoke


def writing(canary):
    """Return a function that writes the canary and uses no name of this module."""
    return eval(f"lambda x: (open({str(canary)!r}, 'w').close(), x)[1]")


def lambda_layer(module, canary):
    return module.layers.Lambda(writing(canary), name="theirs")


def alone(module, canary):
    return (lambda_layer(module, canary),)


def inside_a_wrapper(module, canary):
    layers = module.layers
    wrapped = layers.TimeDistributed(lambda_layer(module, canary))
    return layers.Reshape((11, 11, 4)), wrapped, layers.Reshape((1, -1, 4))


def inside_a_network(module, canary):
    inner = module.Sequential([module.Input((11, 11, 4)), lambda_layer(module, canary)])
    return (module.Sequential([module.Input((11, 11, 4)), inner]),)


@pytest.mark.parametrize("place", [alone, inside_a_wrapper, inside_a_network])
@pytest.mark.parametrize("kind", KINDS)
def test_a_lambda_layer_is_refused_and_does_not_run(convert, canary, tmp_path, kind, place):
    module = keras_of(kind)
    path = saved(small_network(module, *place(module, canary)), tmp_path / kind)
    canary.unlink()
    assert_one_clear_line(convert(path), kind, "Lambda layer 'theirs'", "--trust-code")
    assert not canary.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_a_lambda_layer_loads_where_its_code_is_trusted(convert, canary, tmp_path, kind):
    module = keras_of(kind)
    path = saved(small_network(module, lambda_layer(module, canary)), tmp_path / kind)
    canary.unlink()
    result = convert(path, "--trust-code")
    assert result.exit_code == 0, result.output
    assert canary.exists()


@pytest.mark.parametrize("kind", ["keras3.keras", "keras2.h5"])
def test_a_run_folder_is_not_a_way_around_it(trained, fer_edge, canary, tmp_path, kind):
    module = keras_of(kind)
    path = saved(small_network(module, lambda_layer(module, canary)), tmp_path / kind)
    canary.unlink()
    run = as_run_folder(trained[0], tmp_path / "run", path)
    out = ("--data", trained[1], "--out", tmp_path / "out", "--int8")
    assert_one_clear_line(fer_edge("convert", run, *out), "Lambda layer 'theirs'", "--trust-code")
    if path.suffix == ".keras":
        read = ("benchmark", run / "model.keras", "--data", trained[1], "--quick")
        assert_one_clear_line(fer_edge(*read), "Lambda layer 'theirs'")
        train = ("train", "--data", trained[1], "--out", tmp_path / "new", "--start", run)
        assert_one_clear_line(fer_edge(*train), "Lambda layer 'theirs'")
    assert not canary.exists()


def marshaled(canary):
    code = marshal.dumps(writing(canary).__code__)
    return base64.b64encode(code).decode()


def an_activation_by_module(config, canary):
    layer_of(config, "Conv2D")["config"]["activation"] = {
        **{"module": "canary_module", "class_name": "function", "config": "run"},
        "registered_name": "function",
    }
    return "canary_module.run"


def an_initializer_by_module(config, canary):
    layer_of(config, "Conv2D")["config"]["kernel_initializer"] = {
        **{"module": "canary_module", "class_name": "Theirs", "config": {}},
        "registered_name": None,
    }
    return "Theirs that Keras does not know, of the module canary_module"


def a_stock_name_of_another_module(config, canary):
    layer_of(config, "Dense")["module"] = "canary_module"
    return "of the module canary_module"


def a_stock_class_registered_otherwise(config, canary):
    layer_of(config, "Dense")["registered_name"] = "canary>Dense2"
    return "Dense2"


def a_name_within_a_class(config, canary):
    layer_of(config, "Dense")["class_name"] = "Dense.from_config"
    return "Dense.from_config"


def a_marshaled_regularizer(config, canary):
    layer_of(config, "Conv2D")["config"]["kernel_regularizer"] = {
        "class_name": "__lambda__",
        "config": {"code": marshaled(canary), "defaults": None, "closure": None},
    }
    return "marshaled function"


def a_marshaled_activation(config, canary):
    layer_of(config, "Conv2D")["config"]["activation"] = [marshaled(canary), None, None]
    return "marshaled function as activation"


def a_function_that_fetches_a_file(config, canary):
    layer_of(config, "Dense")["config"]["activation"] = {
        **{"module": "keras.utils", "class_name": "function", "config": "get_file"},
        "registered_name": "function",
    }
    return "get_file"


def a_function_that_ends_safe_mode(config, canary):
    layer_of(config, "Dense")["config"]["bias_regularizer"] = {
        **{"module": "keras.config", "class_name": "function"},
        **{"config": "enable_unsafe_deserialization", "registered_name": "function"},
    }
    return "enable_unsafe_deserialization"


def a_layer_that_loads_a_saved_model(config, canary):
    layer = layer_of(config, "Dense")
    layer["class_name"], layer["config"] = "TFSMLayer", {"filepath": str(canary.parent)}
    return "TFSMLayer"


def an_operation_that_writes_a_file(config, canary):
    layer = layer_of(config, "GlobalAveragePooling2D")
    layer["class_name"], layer["config"] = "TFOpLambda", {"function": "io.write_file"}
    return "io.write_file"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "trick",
    [
        an_activation_by_module,
        an_initializer_by_module,
        a_stock_name_of_another_module,
        a_stock_class_registered_otherwise,
        a_name_within_a_class,
        a_marshaled_regularizer,
        a_marshaled_activation,
        a_function_that_fetches_a_file,
        a_function_that_ends_safe_mode,
        a_layer_that_loads_a_saved_model,
        an_operation_that_writes_a_file,
    ],
)
def test_a_configuration_that_names_code_is_refused(convert, canary, tmp_path, kind, trick):
    path = saved(small_network(keras_of(kind)), tmp_path / kind)
    words = []
    change_config(path, lambda config: words.append(trick(config, canary)))
    assert_one_clear_line(convert(path), kind, *words)
    assert not canary.exists()


def their_loss(wanted, got):
    return wanted - got


@pytest.mark.parametrize("kind", KINDS)
def test_a_loss_of_ones_own_is_not_needed(convert, tmp_path, kind):
    network = small_network(keras_of(kind))
    network.compile(loss=their_loss)
    result = convert(saved(network, tmp_path / kind))
    assert result.exit_code == 0, result.output
