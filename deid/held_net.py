"""The network that finds what is before a face, while it learns, and as the file that deid.held runs.

A U-Net (Ronneberger, Fischer, Brox, 2015, https://arxiv.org/abs/1505.04597) of 87,000 parameters, whose skips
are added instead of joined.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from deid.held import CELLS, TEXTURE

OPSET: Final = 17
IR_VERSION: Final = 8
LAYERS: Final = 7  # a face, the person's look, how well it is seen


class HeldNet(nn.Module):
    """Faces (N, LAYERS, TEXTURE, TEXTURE) in, logits (N, 1, CELLS, CELLS) out."""

    def __init__(self) -> None:
        super().__init__()
        self.fine = nn.Sequential(_unit(LAYERS, 16, step=2), _unit(16, 16))
        self.middle = nn.Sequential(_unit(16, 32, step=2), _unit(32, 32))
        self.coarse = nn.Sequential(_unit(32, 48, step=2), _unit(48, 48), _unit(48, 48))
        self.to_middle, self.at_middle = _unit(48, 32, side=1), _unit(32, 32)
        self.to_fine, self.at_fine = _unit(32, 16, side=1), _unit(16, 16)
        self.last = nn.Conv2d(16, 1, 1)

    def forward(self, faces: Tensor) -> Tensor:
        fine = self.fine(faces)  # (N, 16, 32, 32)
        middle = self.middle(fine)  # (N, 32, 16, 16)
        coarse = self.coarse(middle)  # (N, 48, 8, 8)
        middle = self.at_middle(middle + _double(self.to_middle(coarse)))
        fine = self.at_fine(fine + _double(self.to_fine(middle)))
        return torch.as_tensor(self.last(fine))


def _unit(before: int, after: int, *, step: int = 1, side: int = 3) -> nn.Sequential:
    look = nn.Conv2d(before, after, side, step, side // 2, bias=False)
    return nn.Sequential(look, nn.BatchNorm2d(after), nn.ReLU())


def _double(maps: Tensor) -> Tensor:
    return nn.functional.interpolate(maps, scale_factor=2, mode="nearest")


def export_onnx(net: HeldNet) -> bytes:
    """Return the file of a trained network; the same numbers always give the same bytes."""
    writer = _Writer()
    fine = writer.units("faces", [*net.fine])
    middle = writer.units(fine, [*net.middle])
    coarse = writer.units(middle, [*net.coarse])
    middle = writer.join(middle, writer.units(coarse, [net.to_middle]), net.at_middle)
    fine = writer.join(fine, writer.units(middle, [net.to_fine]), net.at_fine)
    weight, bias = net.last.weight, net.last.bias
    if bias is None:
        raise ValueError("expected a last layer with a bias")
    return writer.serialise(writer.convolve(fine, weight, bias))


class _Writer:
    """Collects nodes and constants; every method returns the name of the tensor that it adds."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def units(self, tensor: str, units: Sequence[nn.Module]) -> str:
        """Add convolutions with their normalisation inside."""
        for unit in units:
            look, norm = unit[0], unit[1]  # type: ignore[index]
            scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
            bias = norm.bias - norm.running_mean * scale
            weight = look.weight * scale[:, None, None, None]
            tensor = self._add("Relu", [self.convolve(tensor, weight, bias, step=look.stride[0])])
        return tensor

    def join(self, before: str, small: str, unit: nn.Module) -> str:
        """Add maps twice as large to those before them."""
        scales = self._constant(np.array([1, 1, 2, 2], np.float32))
        large = self._add(
            "Resize", [small, "", scales], mode="nearest", nearest_mode="floor",
            coordinate_transformation_mode="asymmetric",
        )  # fmt: skip
        return self.units(self._add("Add", [before, large]), [unit])

    def convolve(self, tensor: str, weight: Tensor, bias: Tensor, *, step: int = 1) -> str:
        constants = [self._constant(one.detach().numpy()) for one in (weight, bias)]
        reach = int(weight.shape[-1]) // 2
        return self._add("Conv", [tensor, *constants], strides=[step, step], pads=[reach] * 4)

    def serialise(self, result: str) -> bytes:
        shape: list[str | int | None] = ["faces_count", LAYERS, TEXTURE, TEXTURE]
        graph = helper.make_graph(
            [*self._nodes, helper.make_node("Identity", [result], ["logits"], name="last")],
            "held",
            [helper.make_tensor_value_info("faces", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["faces_count", 1, CELLS, CELLS])],
            self._constants,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
        )
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString())

    def _constant(self, values: np.ndarray[Any, Any]) -> str:
        name = f"constant_{len(self._constants)}"
        array = np.ascontiguousarray(values, np.float32)
        self._constants.append(numpy_helper.from_array(array, name))
        return name

    def _add(self, operator: str, inputs: list[str], **attributes: Any) -> str:
        name = f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name
