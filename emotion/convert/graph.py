"""A small builder of ONNX graphs that work on (N, C, H, W) and pad the way TensorFlow does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET: Final = 17
IR_VERSION: Final = 8
# TensorFlow's "same" puts the odd pixel of padding after, not before:
# https://www.tensorflow.org/api_docs/python/tf/nn
AUTO_PAD: Final = {"same": "SAME_UPPER", "valid": "VALID"}


class GraphBuilder:
    """Collects nodes and constants; every method returns the name of the tensor that it adds."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def constant(self, array: NDArray[Any]) -> str:
        """Add a constant; float arrays become float32."""
        kept = array.astype(np.float32) if array.dtype.kind == "f" else array.astype(np.int64)
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(kept), name))
        return name

    def add(self, op: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Add one node with one output."""
        name = f"{op.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(op, list(inputs), [name], name=name, **attributes))
        return name

    def conv(
        self,
        tensor: str,
        kernel: NDArray[Any],
        *,
        bias: NDArray[Any] | None = None,
        stride: int = 1,
        padding: str = "same",
    ) -> str:
        """Add a convolution. kernel: (height, width, in, out), TensorFlow's order."""
        inputs = [tensor, self.constant(kernel.transpose(3, 2, 0, 1))]
        if bias is not None:
            inputs.append(self.constant(bias.reshape(-1)))
        return self.add("Conv", inputs, strides=[stride, stride], auto_pad=AUTO_PAD[padding])

    def depthwise_conv(
        self, tensor: str, kernel: NDArray[Any], *, stride: int = 1, padding: str = "same"
    ) -> str:
        """Add a convolution of each channel by itself. kernel: (height, width, channels, 1)."""
        height, width, channels, multiplier = kernel.shape
        weights = kernel.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, height, width)
        inputs = [tensor, self.constant(weights)]
        strides = [stride, stride]
        return self.add("Conv", inputs, strides=strides, group=channels, auto_pad=AUTO_PAD[padding])

    def max_pool(self, tensor: str, *, size: int, stride: int, padding: str = "same") -> str:
        """Add a square maximum pooling."""
        window = {"kernel_shape": [size, size], "strides": [stride, stride]}
        return self.add("MaxPool", [tensor], auto_pad=AUTO_PAD[padding], **window)

    def spatial_mean(self, tensor: str) -> str:
        """Add the mean over height and width: (N, C, H, W) to (N, C)."""
        return self.add("ReduceMean", [tensor], axes=[2, 3], keepdims=0)

    def batch_norm(
        self,
        tensor: str,
        *,
        scale: NDArray[Any],
        shift: NDArray[Any],
        mean: NDArray[Any],
        variance: NDArray[Any],
        epsilon: float,
    ) -> str:
        """Add a batch normalisation with fixed statistics."""
        constants = [self.constant(array) for array in (scale, shift, mean, variance)]
        return self.add("BatchNormalization", [tensor, *constants], epsilon=epsilon)

    def serialise(self, *, input_name: str, channels: int, size: int, output: str, classes: int) -> bytes:
        """Return the checked ONNX file: (N, channels, size, size) in, (N, classes) out, float32, N free."""
        graph = helper.make_graph(
            self._nodes,
            self._name,
            [helper.make_tensor_value_info(input_name, TensorProto.FLOAT, ["N", channels, size, size])],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", classes])],
            self._constants,
        )
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="emotion")
        onnx.checker.check_model(model, full_check=True)
        serialised: bytes = model.SerializeToString(deterministic=True)
        return serialised
