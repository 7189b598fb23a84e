"""The large convolution: a valid TFLite file, made without TensorFlow."""

import numpy as np
import pytest

from fer_edge.inference.interpreter import open_interpreter
from fer_edge.inference.runtime import find_runtime
from fer_edge.model.graph import read_graph
from fer_edge.runtime.measurement.probes.latency import summarize
from fer_edge.runtime.measurement.probes.machine_limit import (
    CHANNELS,
    MACS,
    SIDE,
    convolution_flatbuffer,
    machine_limit,
)


def test_the_file_is_one_int8_convolution_of_that_many_macs():
    graph = read_graph(convolution_flatbuffer())
    [operator] = graph.operators
    assert (operator.name, operator.version) == ("CONV_2D", 3)
    assert graph.macs == MACS == 150_994_944
    assert graph.float_operators == ()
    assert {tensor.dtype for tensor in operator.inputs} == {"INT8", "INT32"}


def test_it_computes_a_convolution():
    interpreter = open_interpreter(
        find_runtime(), convolution_flatbuffer(), name="x", threads=1, origin="memory"
    )
    [given], [got] = interpreter.get_input_details(), interpreter.get_output_details()
    pixels = np.zeros((1, SIDE, SIDE, CHANNELS), np.int8)
    pixels[0, 5, 6, 7] = 100
    interpreter.set_tensor(given["index"], pixels)
    interpreter.invoke()
    weights = np.random.default_rng(0).integers(-127, 128, (CHANNELS, 3, 3, CHANNELS))
    # input 100 x 0.05, weight x 0.01, output scale 1; the kernel's center is at the bright pixel
    wanted = np.round(5.0 * 0.01 * weights[:, 1, 1, 7])
    found = interpreter.get_tensor(got["index"])[0, 5, 6].astype(int)
    assert np.abs(found - wanted).max() <= 1
    assert np.abs(wanted).max() > 3


def test_xnnpack_runs_it():
    interpreter = open_interpreter(
        find_runtime(), convolution_flatbuffer(), name="x", threads=1, origin="memory"
    )
    names = [operator["op_name"] for operator in interpreter._get_ops_details()]
    assert "DELEGATE" in names


def test_the_limit_is_taken_at_the_median():
    limit = machine_limit(2, summarize([[1.0, 2.0, 30.0]], 0.0))
    assert limit.threads == 2
    assert limit.macs_per_second == pytest.approx(MACS / 0.002)
