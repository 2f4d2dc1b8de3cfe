"""Convert the expression network of `face-api`: its layers live in source code, its weights in a manifest."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from emotion.convert.graph import GraphBuilder
from emotion.convert.tfjs_weights import Arrays, read_weights

INPUT_SIZE: Final = 112
BLOCKS: Final = ("dense0", "dense1", "dense2", "dense3")


def convert_face_api_expression(members: Sequence[bytes]) -> bytes:
    """Return the ONNX file of faceExpressionNet: (N, 3, 112, 112) RGB in, (N, 7) probabilities out.

    members: the weights, then their manifest. Layers as in faceFeatureExtractor/FaceFeatureExtractor.ts and
    faceProcessor/FaceProcessor.ts of @vladmandic/face-api: four dense blocks, a 7 x 7 mean, one linear layer.
    """
    data, manifest = members
    weights = read_weights(json.loads(manifest), data)
    builder = GraphBuilder("face_api_expression")
    tensor = "input"
    for block in BLOCKS:
        tensor = _dense_block(builder, tensor, weights, block)
    tensor = builder.add("AveragePool", [tensor], kernel_shape=[7, 7], strides=[2, 2])
    tensor = builder.add("Flatten", [tensor], axis=1)
    kernel, bias = (builder.constant(weights[f"fc/{part}"]) for part in ("weights", "bias"))
    logits = builder.add("Gemm", [tensor, kernel, bias])
    output = builder.add("Softmax", [logits], axis=-1)
    classes = weights["fc/bias"].size
    return builder.serialise(input_name="input", channels=3, size=INPUT_SIZE, output=output, classes=classes)


def _dense_block(builder: GraphBuilder, tensor: str, weights: Arrays, block: str) -> str:
    """Add four convolutions; each after the first reads the rectified sum of those before it."""
    total = builder.add("Relu", [_convolution(builder, tensor, weights, f"{block}/conv0", stride=2)])
    rectified = total
    for index in (1, 2, 3):
        output = _convolution(builder, rectified, weights, f"{block}/conv{index}", stride=1)
        total = builder.add("Add", [total, output])
        rectified = builder.add("Relu", [total])
    return rectified


def _convolution(builder: GraphBuilder, tensor: str, weights: Arrays, layer: str, *, stride: int) -> str:
    bias = weights[f"{layer}/bias"]
    if f"{layer}/filters" in weights:
        return builder.conv(tensor, weights[f"{layer}/filters"], bias=bias, stride=stride)
    spread = builder.depthwise_conv(tensor, weights[f"{layer}/depthwise_filter"], stride=stride)
    return builder.conv(spread, weights[f"{layer}/pointwise_filter"], bias=bias)
