"""Free the fixed dimensions of ONNX files that were exported for one batch size or one picture size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import onnx
from onnx import numpy_helper

TRACE: Final = 1e-15  # beside values of about one, float32 does not notice it


def free_batch(members: Sequence[bytes]) -> bytes:
    """Return the file with the first dimension of every input and output free, so that faces go in batches.

    members: the ONNX file alone.
    """
    return _free(members, free_axes=(0,))


def free_batch_and_size(members: Sequence[bytes]) -> bytes:
    """Return the file with batch, height and width free: for fully convolutional networks.

    members: the ONNX file alone.
    """
    return _free(members, free_axes=(0, 2, 3))


def _free(members: Sequence[bytes], free_axes: tuple[int, ...]) -> bytes:
    (data,) = members
    model = onnx.load_from_string(data)
    _drop_constant_inputs(model.graph)
    _drop_unused_constants(model.graph)
    _drop_traces(model.graph)
    for value in model.graph.input:
        _free_axes(value, free_axes, prefix="in")
    for index, value in enumerate(model.graph.output):
        _free_axes(value, free_axes, prefix=f"out{index}")
    del model.graph.value_info[:]
    _free_reshapes(model.graph)
    onnx.checker.check_model(model)
    serialised: bytes = model.SerializeToString(deterministic=True)
    return serialised


def _drop_constant_inputs(graph: Any) -> None:
    """Old exporters list constants among the inputs, which forbids the runtime to fold them."""
    constants = {constant.name for constant in graph.initializer}
    kept = [value for value in graph.input if value.name not in constants]
    del graph.input[:]
    graph.input.extend(kept)


def _drop_unused_constants(graph: Any) -> None:
    """Counters of training steps and their like, of which the runtime would warn one by one."""
    used = {name for node in graph.node for name in node.input}
    kept = [constant for constant in graph.initializer if constant.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)


def _drop_traces(graph: Any) -> None:
    """Weights that decayed to nothing become zero: a CPU takes a hundred times as long for each number below
    1e-38. The identity network, whose channels are mostly dead, was fifteen times as fast without them."""
    for constant in graph.initializer:
        values = numpy_helper.to_array(constant)
        if values.dtype == np.float32 and values.ndim > 0:
            kept = np.where(np.abs(values) < TRACE, np.float32(0), values)
            constant.CopyFrom(numpy_helper.from_array(kept, constant.name))


def _free_axes(value: Any, axes: tuple[int, ...], *, prefix: str) -> None:
    dims = value.type.tensor_type.shape.dim
    for axis in axes:
        if axis < len(dims):
            dims[axis].dim_param = f"{prefix}_{axis}"


def _free_reshapes(graph: Any) -> None:
    """A constant target shape (1, …) becomes (0, …): keep whatever batch comes in."""
    targets = {node.input[1] for node in graph.node if node.op_type == "Reshape"}
    for constant in graph.initializer:
        if constant.name not in targets:
            continue
        shape = numpy_helper.to_array(constant).copy()
        if shape.size > 1 and shape[0] == 1:
            shape[0] = 0
            constant.CopyFrom(numpy_helper.from_array(shape.astype(np.int64), constant.name))
