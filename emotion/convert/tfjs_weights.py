"""Read the weights of a TensorFlow.js model: a JSON manifest that says what lies where in a binary file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]

DTYPES: Final = {"float32": "<f4", "int32": "<i4", "float16": "<f2", "uint8": "u1", "uint16": "<u2"}


def read_weights(manifest: Sequence[Mapping[str, Any]], data: bytes) -> Arrays:
    """Return the named arrays of a weights manifest, dequantised: float32, integers as int64.

    manifest: the groups of the JSON, whose files are joined in data. Quantised values become value * scale +
    min (tfjs-core, io_utils.ts). Raises ValueError when data is shorter or longer than the manifest says.
    """
    arrays: Arrays = {}
    offset = 0
    for entry in (entry for group in manifest for entry in group["weights"]):
        quantization = entry.get("quantization", {})
        dtype = np.dtype(DTYPES[quantization.get("dtype", entry["dtype"])])
        shape = tuple(int(side) for side in entry["shape"])
        count = int(np.prod(shape, dtype=np.int64))
        stored = np.frombuffer(data, dtype, count, offset).reshape(shape)
        arrays[entry["name"]] = _dequantise(stored, quantization)
        offset += count * dtype.itemsize
    if offset != len(data):
        raise ValueError(f"expected {offset} bytes of weights, got {len(data)}")
    return arrays


def _dequantise(stored: NDArray[Any], quantization: Mapping[str, Any]) -> NDArray[Any]:
    if "scale" in quantization:
        scaled = stored.astype(np.float32) * np.float32(quantization["scale"])
        return scaled + np.float32(quantization["min"])
    return stored.astype(np.float32 if stored.dtype.kind == "f" else np.int64)
