"""The small network: the trunk of an identity network and a new head for expressions.

MobileFaceNet: Chen et al., "MobileFaceNets: Efficient CNNs for Accurate Real-Time Face Verification on Mobile
Devices", 2018, https://arxiv.org/abs/1804.07573. Its file holds no batch normalisation (folded into the
convolutions), so there is none here either.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from emotion.labels import EMOTIONS

#: The last two convolutions of the file turn the map into an identity; expressions do not want them.
IDENTITY_HEAD = 2
STEM = 2
CHANNELS = 512


class MobileFaceNet(nn.Module):
    """Grey faces (N, 1, S, S), about -1..1, to logits (N, 7) in the order of EMOTIONS. S: 48 or more."""

    def __init__(self, identity_file: Path, *, dropout: float = 0.3) -> None:
        super().__init__()
        units = list(read_units(identity_file))[:-IDENTITY_HEAD]
        units[0] = _for_grey(units[0])
        self.stem = nn.Sequential(*units[:STEM])
        middle = units[STEM:-1]
        self.blocks = nn.Sequential(*(Block(*middle[i : i + 3]) for i in range(0, len(middle), 3)))
        self.last = units[-1]
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(CHANNELS, len(EMOTIONS))

    def forward(self, faces: Tensor) -> Tensor:
        maps = self.last(self.blocks(self.stem(faces)))  # (N, 512, S / 16, S / 16)
        return cast(Tensor, self.head(self.dropout(maps.mean((2, 3)))))

    def convolutions(self) -> list[nn.Conv2d]:
        """Return the convolutions in the order of the file."""
        return [module for module in self.modules() if isinstance(module, nn.Conv2d)]

    def bends(self) -> list[Bend]:
        """Return the activations in the order of the file."""
        return [module for module in self.modules() if isinstance(module, Bend)]


class Block(nn.Module):
    """Widen, look around, narrow; with a way past when the size stays."""

    def __init__(self, widen: nn.Sequential, look: nn.Sequential, narrow: nn.Sequential) -> None:
        super().__init__()
        self.widen, self.look, self.narrow = widen, look, narrow
        self.passes = not any(isinstance(part, Every) for part in look)

    def forward(self, maps: Tensor) -> Tensor:
        changed = self.narrow(self.look(self.widen(maps)))
        return cast(Tensor, maps + changed if self.passes else changed)


class Every(nn.Module):
    """Keep every second row and column: a strided depthwise convolution in two steps.

    The outcome is the same; in bfloat16 on a CPU the strided gradient takes thirty times as long.
    """

    def forward(self, maps: Tensor) -> Tensor:
        return maps[:, :, ::2, ::2].contiguous(memory_format=torch.channels_last)


class Bend(nn.Module):
    """PReLU with the slopes of the file, which stay as they are: learning them took a third of the time."""

    slopes: Tensor

    def __init__(self, slopes: Tensor) -> None:
        super().__init__()
        self.register_buffer("slopes", slopes.reshape(1, -1, 1, 1).clone())

    def forward(self, maps: Tensor) -> Tensor:
        slopes = self.slopes.to(maps.dtype)
        return cast(Tensor, _Bent.apply(maps, slopes, 1 - slopes))  # type: ignore[no-untyped-call]


class _Bent(torch.autograd.Function):
    """a x + (1 - a) relu(x), several times as fast as torch's own PReLU on a CPU."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, slopes: Tensor, rest: Tensor) -> Tensor:
        ctx.save_for_backward(maps, slopes, rest)
        return torch.addcmul(maps * slopes, torch.relu(maps), rest)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        maps, slopes, rest = ctx.saved_tensors
        gradient = gradients[0]
        positive = torch.ops.aten.threshold_backward(gradient, maps, 0)
        return torch.addcmul(gradient * slopes, positive, rest), None, None


def read_units(identity_file: Path) -> Iterator[nn.Sequential]:
    """Yield each convolution of the installed identity network, with its activation where it has one."""
    graph = onnx.load(str(identity_file)).graph
    constants = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    relus = [node for node in graph.node if node.op_type == "Relu"]
    bent = {node.input[0]: node.output[0].removesuffix("_positive") for node in relus}
    for node in graph.node:
        if node.op_type != "Conv":
            continue
        weight, bias = (constants[name] for name in node.input[1:3])
        unit = _convolution(weight, bias, {one.name: list(one.ints) or one.i for one in node.attribute})
        name = bent.get(node.output[0])
        if name is not None:
            unit.append(Bend(torch.from_numpy(np.array(constants[f"{name}_slope"]))))
        yield unit


def _convolution(weight: Any, bias: Any, attributes: dict[str, Any]) -> nn.Sequential:
    groups, stride = attributes["group"], attributes["strides"][0]
    in_two_steps = groups > 1 and stride == 2
    convolution = nn.Conv2d(
        weight.shape[1] * groups,
        weight.shape[0],
        weight.shape[2],
        1 if in_two_steps else stride,
        attributes["pads"][0],
        groups=groups,
    )
    _set(convolution, torch.from_numpy(weight.copy()), torch.from_numpy(bias.copy()))
    return nn.Sequential(convolution, Every()) if in_two_steps else nn.Sequential(convolution)


def _for_grey(unit: nn.Sequential) -> nn.Sequential:
    """Return the first unit for one channel: what three equal channels gave."""
    old = cast(nn.Conv2d, unit[0])
    new = nn.Conv2d(1, old.out_channels, old.kernel_size[0], old.stride[0], old.padding[0])
    _set(new, old.weight.detach().sum(1, keepdim=True), old.bias)
    return nn.Sequential(new, *list(unit)[1:])


def _set(convolution: nn.Conv2d, weight: Tensor, bias: Tensor | None) -> None:
    assert convolution.bias is not None and bias is not None
    with torch.no_grad():
        convolution.weight.copy_(weight)
        convolution.bias.copy_(bias)
