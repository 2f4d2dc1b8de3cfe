"""Converted networks say what the originals say: tiny ones by hand, shipped ones as in their own runtimes."""

from __future__ import annotations

import base64
import io
import json

import h5py
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from emotion import weights
from emotion.convert import CONVERTERS
from emotion.convert.face_api import convert_face_api_expression
from emotion.convert.int8 import quantise, read_ranges
from emotion.convert.keras_hdf5 import convert_keras
from emotion.convert.mobilefacenet import convert_mobilefacenet
from emotion.convert.onnx_dims import free_batch, free_batch_and_size
from emotion.convert.tfjs_graph import convert_tfjs_graph
from emotion.convert.tfjs_weights import read_weights


def run(model: bytes, values: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: values.astype(np.float32)})[0]


def softmax(values: list[float]) -> np.ndarray:
    powers = np.exp(values)
    return powers / powers.sum()


def test_weights_are_read_in_order_and_dequantised():
    manifest = [
        {
            "weights": [
                {"name": "a", "shape": [2], "dtype": "float32"},
                {
                    "name": "b",
                    "shape": [3, 1],
                    "dtype": "float32",
                    "quantization": {"dtype": "uint8", "scale": 0.5, "min": -1.0},
                },
                {"name": "c", "shape": [], "dtype": "int32"},
            ]
        }
    ]
    data = np.array([1.5, -2], "<f4").tobytes() + bytes([0, 2, 4]) + np.array(7, "<i4").tobytes()
    arrays = read_weights(manifest, data)
    assert arrays["a"].tolist() == [1.5, -2.0]
    assert arrays["b"].tolist() == [[-1.0], [0.0], [1.0]]
    assert arrays["c"].shape == () and arrays["c"] == 7


@pytest.mark.parametrize("extra", [-1, 1])
def test_weights_of_another_length_than_the_manifest_are_refused(extra):
    manifest = [{"weights": [{"name": "a", "shape": [4], "dtype": "uint8"}]}]
    with pytest.raises(ValueError, match=r"bytes of weights|smaller than requested"):
        read_weights(manifest, bytes(4 + extra))


def text(value: str) -> dict[str, str]:
    return {"s": base64.b64encode(value.encode()).decode()}


def integers(*values: int) -> dict[str, dict[str, list[str]]]:
    return {"list": {"i": [str(value) for value in values]}}


def tiny_tfjs_graph(**changes: object) -> list[bytes]:
    """A 3 x 3 picture, doubled and halved by a 1 x 1 convolution of stride 2, averaged, softmax."""
    kernel, bias = np.array([[[[2.0, 0.5]]]], "<f4"), np.array([1.0, -20.0], "<f4")
    fused = {"list": {"s": [text("BiasAdd")["s"], text("Relu")["s"]]}}
    dims = [{"size": str(size)} for size in (-1, 3, 3, 1)]
    conv = {"strides": integers(1, 2, 2, 1), "padding": text("SAME"), "fused_ops": fused}
    nodes = [
        {"name": "x", "op": "Placeholder", "attr": {"shape": {"shape": {"dim": dims}}}},
        {"name": "k", "op": "Const"},
        {"name": "c", "op": "_FusedConv2D", "input": ["x", "k", "b"], "attr": conv},
        {"name": "m", "op": "Mean", "input": ["c", "axes"], "attr": {"keep_dims": {"b": False}}},
        {"name": "s", "op": "Softmax", "input": ["m"], "attr": {}},
    ]
    nodes[3] |= changes
    specs = [("k", [1, 1, 1, 2], "float32"), ("b", [2], "float32"), ("axes", [2], "int32")]
    manifest = [{"weights": [{"name": n, "shape": s, "dtype": d} for n, s, d in specs]}]
    data = kernel.tobytes() + bias.tobytes() + np.array([1, 2], "<i4").tobytes()
    return [data, json.dumps({"modelTopology": {"node": nodes}, "weightsManifest": manifest}).encode()]


def test_a_tiny_graph_gives_the_answer_worked_out_by_hand():
    # stride 2 reads the corners 1, 3, 7, 9: mean of 2 x + 1 is 11; x / 2 - 20 is cut to 0
    picture = np.arange(1, 10).reshape(1, 1, 3, 3)
    np.testing.assert_allclose(run(convert_tfjs_graph(tiny_tfjs_graph()), picture), [softmax([11, 0])], 1e-5)


def test_an_unknown_operation_is_refused():
    with pytest.raises(ValueError, match="cannot convert the operation 'Mystery'"):
        convert_tfjs_graph(tiny_tfjs_graph(op="Mystery"))


def test_a_mean_over_other_axes_is_refused():
    with pytest.raises(ValueError, match="mean over height and width only"):
        convert_tfjs_graph(tiny_tfjs_graph(attr={"keep_dims": {"b": True}}))


def keras_layer(kind: str, name: str, after: list[str], **config: object) -> dict[str, object]:
    inbound = [[[other, 0, 0, {}] for other in after]] if after else []
    return {"class_name": kind, "name": name, "config": config, "inbound_nodes": inbound}


def tiny_keras(activation: str = "softmax") -> list[bytes]:
    """A 2 x 2 picture through a 1 x 1 convolution, a normalisation, their sum, a mean and an activation."""
    conv = {"strides": [1, 1], "padding": "same", "activation": "linear"}
    layers = [
        keras_layer("InputLayer", "in", [], batch_input_shape=[None, 2, 2, 1]),
        keras_layer("Conv2D", "conv", ["in"], **conv),
        keras_layer("BatchNormalization", "norm", ["conv"], epsilon=0.0),
        keras_layer("Add", "sum", ["conv", "norm"]),
        keras_layer("GlobalAveragePooling2D", "mean", ["sum"]),
        keras_layer("Activation", "out", ["mean"], activation=activation),
    ]
    arrays = {
        "conv": {"kernel": np.array([[[[1.0, -1.0]]]])},
        "norm": {"gamma": [2.0, 2.0], "beta": [0.0, 1.0], "moving_mean": [1, 1], "moving_variance": [4, 4]},
    }
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        config = {"layers": layers, "output_layers": [["out", 0, 0]]}
        file.attrs["model_config"] = json.dumps({"config": config})
        for layer, parts in arrays.items():
            group = file.create_group(f"model_weights/{layer}")
            group.attrs["weight_names"] = [f"{layer}/{part}:0".encode() for part in parts]
            for part, values in parts.items():
                group[f"{layer}/{part}:0"] = np.array(values, np.float32)
    return [buffer.getvalue()]


def test_a_tiny_keras_model_gives_the_answer_worked_out_by_hand():
    # mean x = 2.5. conv: 2.5, -2.5; norm 2 (c - 1) / 2 + beta: 1.5, -2.5; sums: 4, -5
    picture = np.arange(1, 5).reshape(1, 1, 2, 2)
    np.testing.assert_allclose(run(convert_keras(tiny_keras()), picture), [softmax([4, -5])], 1e-5)


def test_an_unknown_activation_is_refused():
    with pytest.raises(ValueError, match="activation 'swish'"):
        convert_keras(tiny_keras("swish"))


def fixed_onnx(weight: float = 1.0) -> bytes:
    """A convolution of 1 x 3 x 4 x 4 to 1 x 2 x 4 x 4, flattened, with its constants among the inputs."""
    kernel = numpy_helper.from_array(np.array([[weight, 1, 1]] * 2, np.float32).reshape(2, 3, 1, 1), "k")
    shape = numpy_helper.from_array(np.array([1, -1]), "shape")
    unused = numpy_helper.from_array(np.zeros(1, np.float32), "unused")
    nodes = [
        helper.make_node("Conv", ["x", "k"], ["c"], kernel_shape=[1, 1]),
        helper.make_node("Reshape", ["c", "shape"], ["y"]),
    ]
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 4, 4]),
        helper.make_tensor_value_info("k", TensorProto.FLOAT, [2, 3, 1, 1]),
    ]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 32])]
    graph = helper.make_graph(nodes, "g", inputs, outputs, [kernel, shape, unused])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 9)], ir_version=4)
    return model.SerializeToString()


def test_a_fixed_batch_becomes_any_batch():
    freed = free_batch([fixed_onnx()])
    assert run(freed, np.ones((5, 3, 4, 4))).shape == (5, 32)
    graph = onnx.load_from_string(freed).graph
    assert [value.name for value in graph.input] == ["x"]
    assert {constant.name for constant in graph.initializer} == {"k", "shape"}


def test_weights_that_decayed_to_nothing_become_zero_because_they_are_slow():
    freed = onnx.load_from_string(free_batch([fixed_onnx(weight=1e-39)]))
    kernel = next(constant for constant in freed.graph.initializer if constant.name == "k")
    assert numpy_helper.to_array(kernel).reshape(2, 3).tolist() == [[0, 1, 1], [0, 1, 1]]


def test_a_fixed_size_becomes_any_size():
    assert run(free_batch_and_size([fixed_onnx()]), np.ones((2, 3, 6, 8))).shape == (2, 96)


@pytest.mark.parametrize("name", ["tfjs_graph", "keras_hdf5", "free_batch"])
def test_the_same_bytes_give_the_same_file(name):
    members = {"tfjs_graph": tiny_tfjs_graph(), "keras_hdf5": tiny_keras(), "free_batch": [fixed_onnx()]}
    assert CONVERTERS[name](members[name]) == CONVERTERS[name](members[name])


def face_api_members() -> list[bytes]:
    """All weights 0 and the last bias 0, 1, …, 6: whatever the picture, the answer is the bias."""
    specs, channels = [], 3
    for block, width in enumerate((32, 64, 128, 256)):
        for conv in range(4):
            layer = f"dense{block}/conv{conv}"
            if (block, conv) == (0, 0):
                specs.append((f"{layer}/filters", [3, 3, channels, width]))
            else:
                specs.append((f"{layer}/depthwise_filter", [3, 3, channels, 1]))
                specs.append((f"{layer}/pointwise_filter", [1, 1, channels, width]))
            specs.append((f"{layer}/bias", [width]))
            channels = width
    specs += [("fc/weights", [256, 7]), ("fc/bias", [7])]
    manifest = [{"weights": [{"name": n, "shape": s, "dtype": "float32"} for n, s in specs]}]
    values = np.zeros(sum(int(np.prod(shape)) for _, shape in specs), "<f4")
    values[-7:] = np.arange(7)
    return [values.tobytes(), json.dumps(manifest).encode()]


def test_the_face_api_network_ends_in_its_linear_layer():
    model = convert_face_api_expression(face_api_members())
    output = run(model, np.random.default_rng(0).random((2, 3, 112, 112)))
    np.testing.assert_allclose(output, np.tile(softmax(list(range(7))), (2, 1)), 1e-5)


def age_sex_members() -> list[bytes]:
    """All weights 0, the biases of the age 40 and of the sexes 0 and ln 3, which is all that comes out."""
    specs: list[tuple[str, list[int]]] = [("entry_flow/conv_in/filters", [3, 3, 3, 32])]
    specs.append(("entry_flow/conv_in/bias", [32]))

    def separable(layer: str, channels: int, width: int) -> None:
        specs.append((f"{layer}/depthwise_filter", [3, 3, channels, 1]))
        specs.append((f"{layer}/pointwise_filter", [1, 1, channels, width]))
        specs.append((f"{layer}/bias", [width]))

    for block, channels, width in (
        ("entry_flow/reduction_block_0", 32, 64),
        ("entry_flow/reduction_block_1", 64, 128),
        ("exit_flow/reduction_block", 128, 256),
    ):
        separable(f"{block}/separable_conv0", channels, width)
        separable(f"{block}/separable_conv1", width, width)
        specs.append((f"{block}/expansion_conv/filters", [1, 1, channels, width]))
        specs.append((f"{block}/expansion_conv/bias", [width]))
    for index in (0, 1):
        for layer in (0, 1, 2):
            separable(f"middle_flow/main_block_{index}/separable_conv{layer}", 128, 128)
    separable("exit_flow/separable_conv", 256, 512)
    specs += [("fc/age/weights", [512, 1]), ("fc/gender/weights", [512, 2])]
    specs += [("fc/age/bias", [1]), ("fc/gender/bias", [2])]
    manifest = [{"weights": [{"name": n, "shape": s, "dtype": "float32"} for n, s in specs]}]
    values = np.zeros(sum(int(np.prod(shape)) for _, shape in specs), "<f4")
    values[-3:] = 40, 0, np.log(3)
    return [values.tobytes(), json.dumps(manifest).encode()]


def test_the_age_and_sex_network_ends_in_its_two_linear_layers():
    model = CONVERTERS["face_api_age_sex"](age_sex_members())
    output = run(model, np.random.default_rng(0).random((2, 3, 112, 112)))
    np.testing.assert_allclose(output, np.tile([40, 0.25, 0.75], (2, 1)), 1e-5)


def ramp(size: int, channels: int) -> np.ndarray:
    y, x, channel = np.mgrid[:size, :size, :channels]
    return ((7 * y + 13 * x + 29 * channel) % 256).astype(np.float32).transpose(2, 0, 1)[None]


# What the originals answer to the ramp: human and face-api by TensorFlow.js 4.22 (backend "cpu") from the
# code and files of their packages, fer by an independent implementation in torch 2.13.
REFERENCES = {
    "human": (
        (ramp(64, 1) / 255 - 0.5) * 2,
        [9.641545e-05, 1.597216e-02, 6.066771e-03, 4.583074e-05, 0.97735047, 2.276987e-04, 2.406079e-04],
    ),
    "face-api": (
        (ramp(112, 3) - np.array([122.782, 117.001, 104.298]).reshape(3, 1, 1)) / 255,
        [0.10922409, 1.140242e-02, 0.87106103, 5.657727e-03, 2.080496e-03, 5.170566e-04, 5.717234e-05],
    ),
    "fer": (
        (ramp(64, 1) / 255 - 0.5) * 2,
        [3.018574e-02, 1.193328e-07, 3.374136e-03, 2.438402e-03, 0.80742443, 3.028962e-05, 0.15654682],
    ),
}


@pytest.mark.parametrize("name", REFERENCES)
def test_a_shipped_network_answers_as_in_its_own_runtime(weights_dir, name):
    values, expected = REFERENCES[name]
    output = run(weights.path_of(name, weights_dir).read_bytes(), values)
    np.testing.assert_allclose(output, [expected], atol=2e-6)


def tiny_prelu() -> bytes:
    """A 1 x 1 convolution that doubles, and a PRelu with another slope in each of two channels."""
    kernel = numpy_helper.from_array(np.array([2.0, 2.0], np.float32).reshape(2, 1, 1, 1), "kernel")
    slope = numpy_helper.from_array(np.array([0.25, -1.0], np.float32).reshape(2, 1, 1), "slope")
    nodes = [
        helper.make_node("Conv", ["x", "kernel"], ["doubled"]),
        helper.make_node("PRelu", ["doubled", "slope"], ["y"]),
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, 1, 2])
        for name, channels in (("x", 1), ("y", 2))
    ]
    graph = helper.make_graph(nodes, "tiny", ends[:1], ends[1:], [kernel, slope])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 9)]).SerializeToString()


def test_a_plain_prelu_bends_each_channel_by_its_own_slope():
    converted = convert_mobilefacenet([tiny_prelu()])
    assert "PRelu" not in {node.op_type for node in onnx.load_from_string(converted).graph.node}
    answer = run(converted, np.array([[[[3, -4]]], [[[0, -1]]]]))
    np.testing.assert_allclose(answer[:, :, 0], [[[6, -2], [6, 8]], [[0, -0.5], [0, 2]]], atol=1e-6)


def test_8_bits_lie_within_half_a_step_and_unlisted_tensors_stay_float():
    quantised = quantise(tiny_prelu(), {"x": (-4.0, 4.0), "doubled": (-8.0, 8.0)})
    nodes = [node.op_type for node in onnx.load_from_string(quantised).graph.node]
    assert nodes.count("QuantizeLinear") == 2 and nodes[-1] == "PRelu"
    step = 16 / 255
    answer = run(quantised, np.array([[[[3, -4]]]]))
    np.testing.assert_allclose(answer[0, :, 0], [[6, -2], [6, 8]], atol=2 * step)
    assert quantise(tiny_prelu(), {"x": (-4.0, 4.0), "doubled": (-8.0, 8.0)}) == quantised


def test_every_range_of_the_detector_holds_zero():
    assert all(least <= 0 <= greatest for least, greatest in read_ranges("centerface").values())
    assert read_ranges("centerface")["input.1"] == (0, 255)
