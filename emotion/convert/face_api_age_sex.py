"""Convert the age and sex network of `face-api`: a small Xception with two linear layers behind it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from emotion.convert.graph import GraphBuilder
from emotion.convert.tfjs_weights import Arrays, read_weights

INPUT_SIZE: Final = 112
MIDDLE_BLOCKS: Final = 2
VALUES: Final = 3


def convert_face_api_age_sex(members: Sequence[bytes]) -> bytes:
    """Return the ONNX file of ageGenderNet: (N, 3, 112, 112) normalised RGB in, (N, 3) out.

    Out come the age in years and the probabilities of male and female. members: the weights, then their
    manifest. Layers as in ageGenderNet/AgeGenderNet.ts and xception/TinyXception.ts of @vladmandic/face-api.
    """
    data, manifest = members
    weights = read_weights(json.loads(manifest), data)
    builder = GraphBuilder("face_api_age_sex")
    tensor = _relu(builder, _convolution(builder, "input", weights, "entry_flow/conv_in", stride=2))
    tensor = _reduce(builder, tensor, weights, "entry_flow/reduction_block_0", first=True)
    tensor = _reduce(builder, tensor, weights, "entry_flow/reduction_block_1")
    for index in range(MIDDLE_BLOCKS):
        inner = tensor
        for layer in (0, 1, 2):
            name = f"middle_flow/main_block_{index}/separable_conv{layer}"
            inner = _separable(builder, _relu(builder, inner), weights, name)
        tensor = builder.add("Add", [inner, tensor])
    tensor = _reduce(builder, tensor, weights, "exit_flow/reduction_block")
    tensor = _relu(builder, _separable(builder, tensor, weights, "exit_flow/separable_conv"))
    tensor = builder.add("AveragePool", [tensor], kernel_shape=[7, 7], strides=[2, 2])
    tensor = builder.add("Flatten", [tensor], axis=1)
    sex = builder.add("Softmax", [_linear(builder, tensor, weights, "fc/gender")], axis=-1)
    output = builder.add("Concat", [_linear(builder, tensor, weights, "fc/age"), sex], axis=1)
    return builder.serialise(input_name="input", channels=3, size=INPUT_SIZE, output=output, classes=VALUES)


def _reduce(builder: GraphBuilder, tensor: str, weights: Arrays, block: str, *, first: bool = False) -> str:
    """Add two separable convolutions that halve the picture, and the way around them."""
    inner = tensor if first else _relu(builder, tensor)
    inner = _separable(builder, inner, weights, f"{block}/separable_conv0")
    inner = _separable(builder, _relu(builder, inner), weights, f"{block}/separable_conv1")
    inner = builder.max_pool(inner, size=3, stride=2)
    around = _convolution(builder, tensor, weights, f"{block}/expansion_conv", stride=2)
    return builder.add("Add", [inner, around])


def _convolution(builder: GraphBuilder, tensor: str, weights: Arrays, layer: str, *, stride: int) -> str:
    return builder.conv(tensor, weights[f"{layer}/filters"], bias=weights[f"{layer}/bias"], stride=stride)


def _separable(builder: GraphBuilder, tensor: str, weights: Arrays, layer: str) -> str:
    spread = builder.depthwise_conv(tensor, weights[f"{layer}/depthwise_filter"])
    return builder.conv(spread, weights[f"{layer}/pointwise_filter"], bias=weights[f"{layer}/bias"])


def _linear(builder: GraphBuilder, tensor: str, weights: Arrays, layer: str) -> str:
    kernel, bias = (builder.constant(weights[f"{layer}/{part}"]) for part in ("weights", "bias"))
    return builder.add("Gemm", [tensor, kernel, bias])


def _relu(builder: GraphBuilder, tensor: str) -> str:
    return builder.add("Relu", [tensor])
