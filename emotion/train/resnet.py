"""The network: dlib's identity network without its last block, normalised, with a new head for expressions.

The residual network of dlib's dnn_face_recognition_ex.cpp (King, 2017), after He et al., "Deep Residual
Learning for Image Recognition", 2015, https://arxiv.org/abs/1512.03385. In its file a fixed scale and shift
follow every convolution; here a batch normalisation stands there, which begins as the same function.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from emotion.labels import EMOTIONS

#: Channels of the blocks; where they grow, the picture halves.
WIDTHS: Final = (32, 32, 32, 64, 64, 64, 64, 128, 128, 128, 256, 256, 256)
#: dlib's pictures are divided by 256, those here by 128.
FINER: Final = 0.5


class ResNet(nn.Module):
    """Grey faces (N, 1, S, S), about -1..1, to logits (N, 7) in the order of EMOTIONS. S: 32 or more."""

    def __init__(self, identity_file: Path, *, dropout: float = 0.3) -> None:
        super().__init__()
        self.stem = Unit(1, WIDTHS[0], size=7, stride=2)
        before = (WIDTHS[0], *WIDTHS[:-1])
        self.blocks = nn.Sequential(*(Block(*pair) for pair in zip(before, WIDTHS, strict=True)))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(WIDTHS[-1], len(EMOTIONS))
        for unit, (kernel, shift) in zip(self.units(), read_layers(identity_file), strict=False):
            unit.start_as(kernel, shift)

    def forward(self, faces: Tensor) -> Tensor:
        maps = functional.max_pool2d(torch.relu(self.stem(faces)), 3, 2, 1)
        maps = self.blocks(maps)  # (N, 256, S / 32, S / 32)
        return cast(Tensor, self.head(self.dropout(maps.mean((2, 3)))))

    def units(self) -> list[Unit]:
        """Return the convolutions in the order of the file."""
        return [module for module in self.modules() if isinstance(module, Unit)]

    def prepare(self, faces: Tensor) -> None:
        """Give every normalisation the statistics of faces (N, 1, S, S); logits stay as they were."""
        with torch.inference_mode():
            held = [unit.norm.register_forward_pre_hook(_take_statistics) for unit in self.units()]
            self.eval()(faces)
        for hook in held:
            hook.remove()


class Unit(nn.Module):
    """A convolution that keeps the size, or halves it with stride 2, and its normalisation."""

    def __init__(self, channels: int, width: int, *, size: int = 3, stride: int = 1) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels, width, size, stride, size // 2, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, maps: Tensor) -> Tensor:
        return cast(Tensor, self.norm(self.convolution(maps)))

    def start_as(self, kernel: Tensor, shift: Tensor) -> None:
        """Become a convolution by kernel (W, C, K, K) and shift (W,); the first one for grey, not RGB."""
        grey = self.convolution.in_channels == 1
        with torch.no_grad():
            self.convolution.weight.copy_(FINER * kernel.sum(1, keepdim=True) if grey else kernel)
            self.norm.weight.copy_(torch.sqrt(cast(Tensor, self.norm.running_var) + self.norm.eps))
            self.norm.bias.copy_(shift)

    def folded(self) -> tuple[Tensor, Tensor]:
        """Return kernel and bias of the one convolution that says the same in use."""
        variance, mean = cast(Tensor, self.norm.running_var), cast(Tensor, self.norm.running_mean)
        scale = self.norm.weight / torch.sqrt(variance + self.norm.eps)
        return self.convolution.weight * scale[:, None, None, None], self.norm.bias - scale * mean


class Block(nn.Module):
    """Two convolutions and the way around them."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.more = width - channels
        self.first = Unit(channels, width, stride=2 if self.more else 1)
        self.second = Unit(width, width)

    def forward(self, maps: Tensor) -> Tensor:
        changed = self.second(torch.relu(self.first(maps)))
        if self.more:
            maps = functional.avg_pool2d(maps, 2, ceil_mode=True)
            maps = functional.pad(maps, (0, 0, 0, 0, 0, self.more))
        return torch.relu(maps + changed)


def read_layers(identity_file: Path) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield kernel (W, C, K, K) and shift (W,) of each convolution of the installed "identity-dlib"."""
    graph = onnx.load(str(identity_file)).graph
    constants = {one.name: one for one in graph.initializer}
    for node in graph.node:
        if node.op_type == "Conv":
            kernel, shift = (numpy_helper.to_array(constants[name]) for name in node.input[1:3])
            yield torch.from_numpy(kernel.copy()), torch.from_numpy(shift.copy())


def _take_statistics(norm: Any, inputs: tuple[Tensor]) -> None:
    variance, mean = torch.var_mean(inputs[0], (0, 2, 3))
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    norm.bias += scale * (mean - norm.running_mean)
    norm.weight.copy_(scale * torch.sqrt(variance + norm.eps))
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
