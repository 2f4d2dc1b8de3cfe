"""Write the trained network as ONNX."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from emotion.labels import EMOTIONS
from emotion.train.backbone import Bend, Block, Every, ExpressionNet

OPSET: Final = 17
IR_VERSION: Final = 8


def export_onnx(net: ExpressionNet, side: int) -> bytes:
    """Return the ONNX file of a trained network: (N, 1, side, side) in, logits (N, 7) out, float32.

    The same numbers always give the same bytes.
    """
    writer = _Writer()
    maps = writer.units("faces", net.stem)
    for block in net.blocks:
        assert isinstance(block, Block)
        changed = writer.units(maps, [block.widen, block.look, block.narrow])
        maps = writer.add("Add", [maps, changed]) if block.passes else changed
    mean = writer.add("ReduceMean", [writer.units(maps, [net.last])], axes=[2, 3], keepdims=0)
    head = [writer.constant(values) for values in (net.head.weight, net.head.bias)]
    return writer.serialise(writer.add("Gemm", [mean, *head], transB=1), side)


class _Writer:
    """Collects nodes and constants; every method returns the name of the tensor that it adds."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def constant(self, values: Tensor) -> str:
        name = f"constant_{len(self._constants)}"
        array = np.ascontiguousarray(values.detach().numpy(), np.float32)
        self._constants.append(numpy_helper.from_array(array, name))
        return name

    def add(self, operator: str, inputs: list[str], **attributes: Any) -> str:
        name = f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def units(self, tensor: str, units: Sequence[nn.Module] | nn.Sequential) -> str:
        for unit in units:
            assert isinstance(unit, nn.Sequential)
            steps = any(isinstance(part, Every) for part in unit)
            for part in unit:
                if isinstance(part, nn.Conv2d):
                    tensor = self._convolution(tensor, part, 2 if steps else part.stride[0])
                elif isinstance(part, Bend):
                    tensor = self._bend(tensor, part.slopes)
        return tensor

    def serialise(self, output: str, side: int) -> bytes:
        graph = helper.make_graph(
            self._nodes,
            "expression",
            [helper.make_tensor_value_info("faces", TensorProto.FLOAT, ["N", 1, side, side])],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", len(EMOTIONS)])],
            self._constants,
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="emotion.train",
        )
        onnx.checker.check_model(model, full_check=True)
        serialised: bytes = model.SerializeToString(deterministic=True)
        return serialised

    def _convolution(self, tensor: str, layer: nn.Conv2d, stride: int) -> str:
        assert layer.bias is not None
        inputs = [tensor, self.constant(layer.weight), self.constant(layer.bias)]
        around = int(layer.padding[0])
        return self.add("Conv", inputs, group=layer.groups, strides=[stride] * 2, pads=[around] * 4)

    def _bend(self, tensor: str, slopes: Tensor) -> str:
        """Add a x + (1 - a) relu(x), which the runtime computes faster than its own PRelu."""
        straight = self.add("Mul", [tensor, self.constant(slopes[0])])
        bent = self.add("Mul", [self.add("Relu", [tensor]), self.constant(1 - slopes[0])])
        return self.add("Add", [straight, bent])
