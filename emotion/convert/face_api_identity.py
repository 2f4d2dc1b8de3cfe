"""Convert the recognition network of `face-api`, dlib's ResNet with 29 convolutions, to ONNX."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

import numpy as np

from emotion.convert.graph import GraphBuilder
from emotion.convert.tfjs_weights import Arrays, read_weights

INPUT_SIZE: Final = 150
VALUES: Final = 128
BLOCKS: Final = (
    *("conv32_1", "conv32_2", "conv32_3", "conv64_down", "conv64_1", "conv64_2", "conv64_3"),
    *("conv128_down", "conv128_1", "conv128_2", "conv256_down", "conv256_1", "conv256_2"),
    "conv256_down_out",
)


def convert_face_api_identity(members: Sequence[bytes]) -> bytes:
    """Return the ONNX file of faceRecognitionNet: (N, 3, 150, 150) normalised RGB in, (N, 128) out.

    members: the weights, then their manifest. Layers as in faceRecognitionNet/FaceRecognitionNet.ts of
    @vladmandic/face-api, after dlib's dnn_face_recognition_ex.cpp (King, 2017).
    """
    data, manifest = members
    weights = read_weights(json.loads(manifest), data)
    builder = GraphBuilder("face_api_identity")
    tensor = builder.add("Relu", [_layer(builder, "input", weights, "conv32_down", down=True)])
    tensor = builder.max_pool(tensor, size=3, stride=2, padding="valid")
    for block in BLOCKS:
        tensor = _block(builder, tensor, weights, block)
    mean = builder.spatial_mean(tensor)
    output = builder.add("MatMul", [mean, builder.constant(weights["fc"])])
    return builder.serialise(input_name="input", channels=3, size=INPUT_SIZE, output=output, classes=VALUES)


def _block(builder: GraphBuilder, tensor: str, weights: Arrays, block: str) -> str:
    """Add two convolutions and the way around them; a block that halves its picture averages on that way."""
    down = "down" in block
    inner = builder.add("Relu", [_layer(builder, tensor, weights, f"{block}/conv1", down=down)])
    inner = _layer(builder, inner, weights, f"{block}/conv2")
    around = tensor
    if down:
        around = builder.add("AveragePool", [tensor], kernel_shape=[2, 2], strides=[2, 2])
        around = _grow_to(builder, around, inner)
    return builder.add("Relu", [builder.add("Add", [inner, around])])


def _layer(builder: GraphBuilder, tensor: str, weights: Arrays, layer: str, *, down: bool = False) -> str:
    """Add a convolution whose scale and shift, which follow it, are folded into its kernel and bias."""
    scale, shift = weights[f"{layer}/scale/weights"], weights[f"{layer}/scale/biases"]
    kernel = weights[f"{layer}/conv/filters"] * scale
    bias = weights[f"{layer}/conv/bias"] * scale + shift
    stride, padding = (2, "valid") if down else (1, "same")
    return builder.conv(tensor, kernel, bias=bias, stride=stride, padding=padding)


def _grow_to(builder: GraphBuilder, tensor: str, other: str) -> str:
    """Add zeros behind channels, rows and columns until tensor is as large as other; too many are cut."""
    size, goal = (builder.add("Shape", [one]) for one in (tensor, other))
    more = builder.add("Sub", [goal, size])
    none = builder.constant(np.zeros(4, np.int64))
    return builder.add("Pad", [tensor, builder.add("Concat", [none, more], axis=0)])
