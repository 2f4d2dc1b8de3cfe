"""Leave out channels that do not reach the outcome: weights decayed to nothing still cost their time."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from onnx import numpy_helper

NOTHING: Final = 1e-9  # beside values of about one
EIGHT: Final = 8  # channels that the runtime computes together; it is slow with any other number of them


@dataclass(frozen=True)
class _Passage:
    """A depthwise convolution with its activations between the convolution before and the one after it."""

    before: Any
    bend: Any
    depthwise: Any
    next_bend: Any
    after: Any


def drop_dead_channels(graph: Any) -> None:
    """Narrow every passage convolution, PRelu, depthwise convolution, PRelu, convolution of an ONNX graph.

    Channels stay whose way through the second and the third has a weight that is not nothing, or to which the
    second adds what the third hears, and of the others as many as make a multiple of eight. The outcome stays
    the same to rounding. A passage that something else looks into stays as it is.
    """
    values = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    for passage in _passages(graph):
        _narrow(passage, values)
    for one in graph.initializer:
        one.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(values[one.name]), one.name))


def _passages(graph: Any) -> list[_Passage]:
    maker = {name: node for node in graph.node for name in node.output}
    users = defaultdict(list)
    for node in graph.node:
        for name in node.input:
            users[name].append(node)
    for one in graph.output:
        users[one.name].append(one)
    found = []
    for node in graph.node:
        if node.op_type != "Conv" or _group_of(node) == 1:
            continue
        bend: Any = maker.get(node.input[0])
        before: Any = maker.get(bend.input[0]) if bend is not None else None
        next_bend = _only(users[node.output[0]])
        after = _only(users[next_bend.output[0]]) if _kind_of(next_bend) == "PRelu" else None
        kinds = [_kind_of(one) for one in (before, bend, next_bend, after)]
        if kinds != ["Conv", "PRelu", "PRelu", "Conv"] or _group_of(before) != 1 or _group_of(after) != 1:
            continue
        if all(_only(users[one.output[0]]) is not None for one in (before, bend)):
            found.append(_Passage(before, bend, node, next_bend, after))
    return found


def _only(users: list[Any]) -> Any:
    return users[0] if len(users) == 1 else None


def _kind_of(node: Any) -> str:
    """Return what a node does, nothing for none and for an output of the graph."""
    return getattr(node, "op_type", "")


def _narrow(passage: _Passage, values: dict[str, NDArray[Any]]) -> None:
    look, added = values[passage.depthwise.input[1]], np.zeros(1, np.float32)
    if len(passage.depthwise.input) > 2:
        added = values[passage.depthwise.input[2]]
    kept = _reaching(look, added, values[passage.after.input[1]])
    for node in (passage.before, passage.depthwise):
        for name in node.input[1:]:
            values[name] = values[name][kept]
    for node in (passage.bend, passage.next_bend):
        values[node.input[1]] = values[node.input[1]][kept]
    values[passage.after.input[1]] = values[passage.after.input[1]][:, kept]
    for attribute in passage.depthwise.attribute:
        if attribute.name == "group":
            attribute.i = len(kept)


def _reaching(depthwise: NDArray[Any], added: NDArray[Any], after: NDArray[Any]) -> NDArray[np.intp]:
    """Return the channels to keep, in their order. added: to each channel, whatever is seen."""
    heard = np.abs(after).max(axis=(0, 2, 3))
    reach, still = np.abs(depthwise).max(axis=(1, 2, 3)) * heard, np.abs(added) * heard
    reach = np.where(still > NOTHING, np.maximum(reach, still), reach)
    count = min(len(reach), -(-int((reach > NOTHING).sum()) // EIGHT) * EIGHT)
    return np.sort(np.argsort(-reach, kind="stable")[:count])


def _group_of(convolution: Any) -> int:
    return next((int(one.i) for one in convolution.attribute if one.name == "group"), 1)
