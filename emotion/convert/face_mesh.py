"""Convert MediaPipe's face mesh, as `human` ships it, from a TensorFlow.js graph to ONNX."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from emotion.convert.tfjs_graph import GraphWalk, Node
from emotion.convert.tfjs_weights import read_weights

OUTPUTS: Final = ("Identity_2", "Identity_1")  # the mesh, and whether there is a face
VALUES: Final = 468 * 3 + 1


def convert_face_mesh(members: Sequence[bytes]) -> bytes:
    """Return the ONNX file: (N, 3, 192, 192) RGB 0..1 in, (N, 1405) out.

    Out come 468 points x, y, z in pixels of the input, then the probability of a face. members: the weights,
    then the JSON that describes them. Kartynnik et al., "Real-time Facial Surface Geometry from Monocular
    Video on Mobile GPUs", 2019, https://arxiv.org/abs/1907.06724.
    """
    data, description = members
    document = json.loads(description)
    walk = _MeshWalk(read_weights(document["weightsManifest"], data), "face_mesh")
    for node in document["modelTopology"]["node"]:
        walk.visit(node)
    return walk.join(OUTPUTS, VALUES)


class _MeshWalk(GraphWalk):
    def handlers(self) -> dict[str, Callable[[Node], None]]:
        """Return what adds a node, by the name of its operation."""
        more: dict[str, Callable[[Node], None]] = {
            "Prelu": self._prelu,
            "Pad": self._pad,
            "Reshape": self._flatten,
            "Sigmoid": self._sigmoid,
        }
        return super().handlers() | more

    def join(self, names: Sequence[str], values: int) -> bytes:
        """Return the finished file, its output the named tensors side by side."""
        self._last = self._builder.add("Concat", [self._tensors[name] for name in names], axis=1)
        self._classes = values
        return self.serialise()

    def _activate(self, tensor: str, activations: list[str], node: Node) -> str:
        if activations == ["Prelu"]:
            return self._bend(tensor, node["input"][3])
        return super()._activate(tensor, activations, node)

    def _prelu(self, node: Node) -> None:
        self._put(node, self._bend(self._tensor(node, 0), node["input"][1]))

    def _bend(self, x: str, slopes: str) -> str:
        """Add x a + (1 - a) max(x, 0), which the runtime computes faster than its own PRelu."""
        slope = self._weights[slopes].reshape(-1, 1, 1)
        rest = self._builder.constant(1 - slope)
        straight = self._builder.add("Mul", [x, self._builder.constant(slope)])
        bent = self._builder.add("Mul", [self._builder.add("Relu", [x]), rest])
        return self._builder.add("Add", [straight, bent])

    def _pad(self, node: Node) -> None:
        before_after = self._weights[node["input"][1]][[0, 3, 1, 2]]  # NHWC to NCHW
        pads = self._builder.constant(np.asarray(before_after.T.reshape(-1), np.int64))
        self._put(node, self._builder.add("Pad", [self._tensor(node, 0), pads]))

    def _flatten(self, node: Node) -> None:
        """All reshaped tensors are one pixel high and wide."""
        self._put(node, self._builder.add("Flatten", [self._tensor(node, 0)], axis=1))

    def _sigmoid(self, node: Node) -> None:
        self._put(node, self._builder.add("Sigmoid", [self._tensor(node, 0)]))
