"""Write the trained network as ONNX."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from emotion.labels import EMOTIONS
from emotion.train.mobileface import Bend, Block, Every, MobileFaceNet
from emotion.train.resnet import Block as Residual
from emotion.train.resnet import ResNet, Unit

OPSET: Final = 17
IR_VERSION: Final = 8


Trained = MobileFaceNet | ResNet


def export_onnx(net: Trained, side: int) -> bytes:
    """Return the ONNX file of a trained network: (N, 1, side, side) in, logits (N, 7) out, float32.

    The same numbers always give the same bytes. A ResNet's kernels are stored in 16 bits.
    """
    if isinstance(net, ResNet):
        writer = _Writer(halved=True)
        maps = writer.resnet("faces", net)
    else:
        writer = _Writer()
        maps = writer.mobileface("faces", net)
    mean = writer.add("ReduceMean", [maps], axes=[2, 3], keepdims=0)
    head = [writer.constant(values) for values in (net.head.weight, net.head.bias)]
    return writer.serialise(writer.add("Gemm", [mean, *head], transB=1), side)


class _Writer:
    """Collects nodes and constants; every method returns the name of the tensor that it adds.

    halved: whether kernels are stored in 16 bits; they are widened when the file is opened.
    """

    def __init__(self, *, halved: bool = False) -> None:
        self._halved = halved
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def constant(self, values: Tensor) -> str:
        name = f"constant_{len(self._constants)}"
        halved = self._halved and values.ndim > 1
        array = np.ascontiguousarray(values.detach().numpy(), np.float16 if halved else np.float32)
        self._constants.append(numpy_helper.from_array(array, name))
        return self.add("Cast", [name], to=TensorProto.FLOAT) if halved else name

    def add(self, operator: str, inputs: list[str], **attributes: Any) -> str:
        name = f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def mobileface(self, tensor: str, net: MobileFaceNet) -> str:
        maps = self.units(tensor, net.stem)
        for block in net.blocks:
            assert isinstance(block, Block)
            changed = self.units(maps, [block.widen, block.look, block.narrow])
            maps = self.add("Add", [maps, changed]) if block.passes else changed
        return self.units(maps, [net.last])

    def resnet(self, tensor: str, net: ResNet) -> str:
        maps = self.add("Relu", [self._unit(tensor, net.stem)])
        maps = self.add("MaxPool", [maps], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
        for block in net.blocks:
            assert isinstance(block, Residual)
            changed = self._unit(self.add("Relu", [self._unit(maps, block.first)]), block.second)
            if block.more:
                maps = self.add("AveragePool", [maps], kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
                maps = self.add("Pad", [maps, self._whole([0] * 5 + [block.more, 0, 0])])
            maps = self.add("Relu", [self.add("Add", [maps, changed])])
        return maps

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

    def _unit(self, tensor: str, unit: Unit) -> str:
        inputs = [tensor, *(self.constant(values) for values in unit.folded())]
        stride, size = unit.convolution.stride[0], unit.convolution.kernel_size[0]
        return self.add("Conv", inputs, strides=[stride] * 2, pads=[size // 2] * 4)

    def _whole(self, numbers: list[int]) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.array(numbers, np.int64), name))
        return name

    def _bend(self, tensor: str, slopes: Tensor) -> str:
        """Add a x + (1 - a) relu(x), which the runtime computes faster than its own PRelu."""
        straight = self.add("Mul", [tensor, self.constant(slopes[0])])
        bent = self.add("Mul", [self.add("Relu", [tensor]), self.constant(1 - slopes[0])])
        return self.add("Add", [straight, bent])
