"""Convert a TensorFlow.js graph model to ONNX: the operations that the expression network of `human` uses."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from emotion.convert.graph import GraphBuilder
from emotion.convert.tfjs_weights import Arrays, read_weights

Node = Mapping[str, Any]
ELEMENTWISE: Final = {"AddV2": "Add", "Relu": "Relu"}
SPATIAL_AXES_NHWC: Final = [1, 2]


def convert_tfjs_graph(members: Sequence[bytes]) -> bytes:
    """Return the ONNX file of a graph model with one square input and one (N, classes) output.

    members: the weights, then the JSON that describes them. TensorFlow works on (N, H, W, C), the result on
    (N, C, H, W). Raises ValueError for an operation that is not known here.
    """
    data, description = members
    document = json.loads(description)
    walk = GraphWalk(read_weights(document["weightsManifest"], data))
    for node in document["modelTopology"]["node"]:
        walk.visit(node)
    return walk.serialise()


class GraphWalk:
    """Visits the nodes in their order, which in a frozen graph is a valid order of evaluation.

    name: of the resulting graph. Networks with further operations add them in a subclass.
    """

    def __init__(self, weights: Arrays, name: str = "tfjs_graph") -> None:
        self._weights = weights
        self._builder = GraphBuilder(name)
        self._tensors: dict[str, str] = {}
        self._input_shape: list[int] = []
        self._classes = 0
        self._last = ""

    def visit(self, node: Node) -> None:
        """Add what the node stands for."""
        self.handlers().get(node["op"], self._elementwise)(node)

    def handlers(self) -> dict[str, Callable[[Node], None]]:
        """Return what adds a node, by the name of its operation."""
        return {
            "Const": self._skip,
            "Placeholder": self._placeholder,
            "Identity": self._identity,
            "_FusedConv2D": self._conv,
            "DepthwiseConv2dNative": self._depthwise,
            "MaxPool": self._max_pool,
            "Mean": self._mean,
            "Softmax": self._softmax,
        }

    def serialise(self) -> bytes:
        """Return the finished ONNX file."""
        height, width, channels = self._input_shape
        if height != width:
            raise ValueError(f"expected a square input, got {height} x {width}")
        return self._builder.serialise(
            input_name="input", channels=channels, size=height, output=self._last, classes=self._classes
        )

    def _tensor(self, node: Node, index: int) -> str:
        return self._tensors[node["input"][index]]

    def _put(self, node: Node, tensor: str) -> None:
        self._tensors[node["name"]] = tensor
        self._last = tensor

    def _skip(self, node: Node) -> None:
        """Weights are read where they are used."""

    def _placeholder(self, node: Node) -> None:
        dims = node["attr"]["shape"]["shape"]["dim"]
        self._input_shape = [int(dim["size"]) for dim in dims[1:]]
        self._put(node, "input")

    def _identity(self, node: Node) -> None:
        self._put(node, self._tensor(node, 0))

    def _conv(self, node: Node) -> None:
        fused = [_text(item) for item in node["attr"]["fused_ops"]["list"]["s"]]
        if fused[:1] != ["BiasAdd"]:
            raise ValueError(f"cannot convert a convolution fused with {fused}")
        kernel, bias = (self._weights[name] for name in node["input"][1:3])
        self._classes = kernel.shape[3]
        tensor = self._builder.conv(self._tensor(node, 0), kernel, bias=bias, **_window(node))
        self._put(node, self._activate(tensor, fused[1:], node))

    def _activate(self, tensor: str, activations: list[str], node: Node) -> str:
        if activations not in ([], ["Relu"]):
            raise ValueError(f"cannot convert a convolution fused with {activations}")
        return self._builder.add("Relu", [tensor]) if activations else tensor

    def _depthwise(self, node: Node) -> None:
        kernel = self._weights[node["input"][1]]
        self._put(node, self._builder.depthwise_conv(self._tensor(node, 0), kernel, **_window(node)))

    def _max_pool(self, node: Node) -> None:
        size = int(node["attr"]["ksize"]["list"]["i"][1])
        self._put(node, self._builder.max_pool(self._tensor(node, 0), size=size, **_window(node)))

    def _mean(self, node: Node) -> None:
        axes = np.atleast_1d(self._weights[node["input"][1]]).tolist()
        if axes != SPATIAL_AXES_NHWC or node["attr"].get("keep_dims", {}).get("b"):
            raise ValueError(f"can convert a mean over height and width only, got axes {axes}")
        self._put(node, self._builder.spatial_mean(self._tensor(node, 0)))

    def _softmax(self, node: Node) -> None:
        self._put(node, self._builder.add("Softmax", [self._tensor(node, 0)], axis=-1))

    def _elementwise(self, node: Node) -> None:
        if node["op"] not in ELEMENTWISE:
            raise ValueError(f"cannot convert the operation {node['op']!r}")
        inputs = [self._tensor(node, index) for index in range(len(node["input"]))]
        self._put(node, self._builder.add(ELEMENTWISE[node["op"]], inputs))


def _text(encoded: str) -> str:
    return base64.b64decode(encoded).decode()


def _window(node: Node) -> dict[str, Any]:
    """Return the stride and padding of a sliding window; the strides of N and C are 1."""
    stride = int(node["attr"]["strides"]["list"]["i"][1])
    return {"stride": stride, "padding": _text(node["attr"]["padding"]["s"]).lower()}
