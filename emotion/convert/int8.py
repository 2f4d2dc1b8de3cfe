"""Compute a network's convolutions in 8 bits: half the time on a CPU that has dot products of bytes.

Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference",
2018, https://arxiv.org/abs/1712.05877: weights per channel, activations by the range that they had on
pictures. Ranges are measured once (`python -m benchmarks.ranges`) and ship with the code, so that
installing needs no pictures and always gives the same file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import onnx

from emotion.convert.onnx_dims import free_batch_and_size

QUANTISED: Final = ["Conv", "Add", "Relu"]
OPSET: Final = 13  # the first in which weights have a scale per channel; the operators used are as in 9
RANGES_FOLDER: Final = Path(__file__).parent

Ranges = Mapping[str, tuple[float, float]]


def convert_centerface(members: Sequence[bytes]) -> bytes:
    """Return CenterFace for any batch and size, all but its last convolutions in 8 bits."""
    return quantise(free_batch_and_size(members), read_ranges("centerface"))


def read_ranges(name: str) -> Ranges:
    """Return the least and greatest value of each tensor of a network that is to be kept in 8 bits."""
    ranges: dict[str, tuple[float, float]] = json.loads(ranges_path(name).read_bytes())
    return {tensor: (least, greatest) for tensor, (least, greatest) in ranges.items()}


def ranges_path(name: str) -> Path:
    """Return where the ranges of a network ship."""
    return RANGES_FOLDER / f"{name}_ranges.json"


def quantise(data: bytes, ranges: Ranges) -> bytes:
    """Return an ONNX file that computes in 8 bits whatever gives a tensor with a range; the rest stays float.

    Weights get 7 bits: sums of products then fit the 16 bits of processors without byte dot products, and
    all processors find the same faces.
    """
    from onnxruntime.quantization import CalibrationMethod, QuantType
    from onnxruntime.quantization.calibrate import TensorData, TensorsData
    from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

    model = onnx.load_from_string(data)
    model.opset_import[0].version = OPSET
    for node in model.graph.node:
        node.name = node.output[0]
    limits = {
        tensor: TensorData(lowest=np.float32(least), highest=np.float32(greatest))
        for tensor, (least, greatest) in ranges.items()
    }
    quantizer = QDQQuantizer(
        model,
        per_channel=True,
        reduce_range=True,
        weight_qType=QuantType.QInt8,
        activation_qType=QuantType.QUInt8,
        tensors_range=TensorsData(CalibrationMethod.MinMax, limits),
        nodes_to_quantize=[],
        nodes_to_exclude=[node.name for node in model.graph.node if node.name not in ranges],
        op_types_to_quantize=QUANTISED,
        extra_options={},
    )
    quantizer.quantize_model()
    quantizer.model.topological_sort()
    onnx.checker.check_model(quantizer.model.model)
    serialised: bytes = quantizer.model.model.SerializeToString(deterministic=True)
    return serialised
