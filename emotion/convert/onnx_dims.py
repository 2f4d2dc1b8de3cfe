"""Free the fixed dimensions of ONNX files that were exported for one batch size or one picture size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper


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
