"""Channels that do not reach the outcome go, in eights, and the outcome stays."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from emotion.convert.dead_channels import drop_dead_channels
from tests.emotion.test_convert import run


def passage(alive: int, dead: int) -> bytes:
    """Convolution, PRelu, depthwise convolution, PRelu, convolution; dead channels pass nothing on."""
    random = np.random.default_rng(3)
    count = alive + dead
    shapes = {
        "wide": (count, 2, 1, 1),
        "look": (count, 1, 3, 3),
        "narrow": (3, count, 1, 1),
        "bias": (count,),
    }
    arrays = {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    arrays |= {name: random.random((count, 1, 1)).astype(np.float32) for name in ("first", "second")}
    arrays["look"][1 : 1 + dead] = 1e-12
    arrays["narrow"][:, 1 : 1 + dead] *= 1e-3
    nodes = [
        helper.make_node("Conv", ["x", "wide", "bias"], ["a"]),
        helper.make_node("PRelu", ["a", "first"], ["b"]),
        helper.make_node("Conv", ["b", "look"], ["c"], group=count, pads=[1, 1, 1, 1]),
        helper.make_node("PRelu", ["c", "second"], ["d"]),
        helper.make_node("Conv", ["d", "narrow"], ["y"]),
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, 6, 5])
        for name, channels in (("x", 2), ("y", 3))
    ]
    constants = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    graph = helper.make_graph(nodes, "passage", ends[:1], ends[1:], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 9)]).SerializeToString()


@pytest.mark.parametrize(("alive", "dead", "kept"), [(8, 5, 8), (9, 20, 16), (9, 3, 12), (12, 0, 12)])
def test_dead_channels_go_and_the_answer_stays(alive, dead, kept):
    file = passage(alive, dead)
    model = onnx.load_from_string(file)
    drop_dead_channels(model.graph)
    shapes = {one.name: tuple(one.dims) for one in model.graph.initializer}
    assert (shapes["wide"], shapes["narrow"]) == ((kept, 2, 1, 1), (3, kept, 1, 1))
    picture = np.random.default_rng(4).normal(size=(1, 2, 6, 5))
    narrowed = model.SerializeToString()
    np.testing.assert_allclose(run(narrowed, picture), run(file, picture), rtol=1e-4, atol=1e-5)


def test_a_channel_that_sees_nothing_and_always_says_the_same_stays():
    model = onnx.load_from_string(passage(9, 8))
    arrays = {one.name: one for one in model.graph.initializer}
    added = np.zeros(17, np.float32)
    added[4] = 2.0
    model.graph.initializer.append(numpy_helper.from_array(added, "added"))
    model.graph.node[2].input.append("added")
    narrow = numpy_helper.to_array(arrays["narrow"]).copy()
    narrow[:, 1:9] *= 1e3
    arrays["narrow"].CopyFrom(numpy_helper.from_array(narrow, "narrow"))
    file = model.SerializeToString()
    drop_dead_channels(model.graph)
    assert {one.name: one.dims[0] for one in model.graph.initializer}["wide"] == 16
    picture = np.random.default_rng(4).normal(size=(1, 2, 6, 5))
    np.testing.assert_allclose(run(model.SerializeToString(), picture), run(file, picture), atol=1e-4)


def test_a_passage_that_ends_the_graph_stays():
    model = onnx.load_from_string(passage(8, 5))
    del model.graph.node[3:]
    model.graph.output[0].name = "c"
    before = model.SerializeToString()
    drop_dead_channels(model.graph)
    assert model.SerializeToString() == before


@pytest.mark.parametrize("name", ["a", "b", "c", "d"])
def test_channels_that_something_else_looks_at_stay(name):
    model = onnx.load_from_string(passage(8, 5))
    model.graph.node.append(helper.make_node("Relu", [name], ["elsewhere"]))
    before = model.SerializeToString()
    drop_dead_channels(model.graph)
    assert model.SerializeToString() == before
