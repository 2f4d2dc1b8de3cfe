"""Convert a Keras functional model in HDF5 to ONNX: the layers that mini-Xception uses."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from emotion.convert.graph import GraphBuilder

Layer = Mapping[str, Any]


def convert_keras(members: Sequence[bytes]) -> bytes:
    """Return the ONNX file of a Keras model with one square input and a (N, classes) output.

    members: the HDF5 file alone. Keras works on (N, H, W, C), the result on (N, C, H, W). Raises ValueError
    for a layer that is not known here.
    """
    (data,) = members
    with h5py.File(io.BytesIO(data), "r") as file:
        config = json.loads(file.attrs["model_config"])["config"]
        walk = _LayerWalk(file["model_weights"])
        for layer in config["layers"]:
            walk.visit(layer)
        return walk.serialise(config["output_layers"][0][0])


class _LayerWalk:
    """Visits the layers in their order; Keras lists a layer after those that it reads."""

    def __init__(self, weights: h5py.Group) -> None:
        self._weights = weights
        self._builder = GraphBuilder("keras")
        self._tensors: dict[str, str] = {}
        self._input_shape: list[int] = []
        self._classes = 0

    def visit(self, layer: Layer) -> None:
        """Add what the layer stands for."""
        handlers: dict[str, Callable[[Layer, list[str]], str]] = {
            "InputLayer": self._input,
            "Conv2D": self._conv,
            "SeparableConv2D": self._separable_conv,
            "BatchNormalization": self._batch_norm,
            "Activation": self._activation,
            "MaxPooling2D": self._max_pool,
            "GlobalAveragePooling2D": self._global_mean,
            "Add": self._add,
        }
        if layer["class_name"] not in handlers:
            raise ValueError(f"cannot convert the layer {layer['class_name']!r}")
        inbound = layer["inbound_nodes"][0] if layer["inbound_nodes"] else []
        inputs = [self._tensors[node[0]] for node in inbound]
        self._tensors[layer["name"]] = handlers[layer["class_name"]](layer, inputs)

    def serialise(self, output_layer: str) -> bytes:
        """Return the finished ONNX file."""
        height, width, channels = self._input_shape
        if height != width:
            raise ValueError(f"expected a square input, got {height} x {width}")
        output = self._tensors[output_layer]
        return self._builder.serialise(
            input_name="input", channels=channels, size=height, output=output, classes=self._classes
        )

    def _arrays(self, layer: Layer) -> dict[str, NDArray[Any]]:
        """Return the layer's weights by their last name: kernel, bias, gamma, …"""
        group = self._weights[layer["name"]]
        names = [_as_text(name) for name in group.attrs["weight_names"]]
        return {name.rsplit("/", 1)[-1].split(":")[0]: np.asarray(group[name]) for name in names}

    def _input(self, layer: Layer, inputs: list[str]) -> str:
        self._input_shape = layer["config"]["batch_input_shape"][1:]
        return "input"

    def _conv(self, layer: Layer, inputs: list[str]) -> str:
        arrays = self._arrays(layer)
        self._classes = arrays["kernel"].shape[3]
        return self._builder.conv(inputs[0], arrays["kernel"], bias=arrays.get("bias"), **_window(layer))

    def _separable_conv(self, layer: Layer, inputs: list[str]) -> str:
        arrays = self._arrays(layer)
        spread = self._builder.depthwise_conv(inputs[0], arrays["depthwise_kernel"], **_window(layer))
        return self._builder.conv(spread, arrays["pointwise_kernel"], bias=arrays.get("bias"))

    def _batch_norm(self, layer: Layer, inputs: list[str]) -> str:
        arrays = self._arrays(layer)
        return self._builder.batch_norm(
            inputs[0],
            scale=arrays["gamma"],
            shift=arrays["beta"],
            mean=arrays["moving_mean"],
            variance=arrays["moving_variance"],
            epsilon=layer["config"]["epsilon"],
        )

    def _activation(self, layer: Layer, inputs: list[str]) -> str:
        activation = layer["config"]["activation"]
        if activation == "softmax":
            return self._builder.add("Softmax", inputs, axis=-1)
        if activation == "relu":
            return self._builder.add("Relu", inputs)
        raise ValueError(f"cannot convert the activation {activation!r}")

    def _max_pool(self, layer: Layer, inputs: list[str]) -> str:
        size = layer["config"]["pool_size"][0]
        return self._builder.max_pool(inputs[0], size=size, **_window(layer))

    def _global_mean(self, layer: Layer, inputs: list[str]) -> str:
        return self._builder.spatial_mean(inputs[0])

    def _add(self, layer: Layer, inputs: list[str]) -> str:
        return self._builder.add("Add", inputs)


def _window(layer: Layer) -> dict[str, Any]:
    config = layer["config"]
    if config.get("activation", "linear") != "linear":
        raise ValueError(f"cannot convert a layer with the activation {config['activation']!r} inside")
    return {"stride": config["strides"][0], "padding": config["padding"]}


def _as_text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name
