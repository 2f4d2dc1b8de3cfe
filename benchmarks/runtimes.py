"""Which runtime is faster for a face: one network in ONNX Runtime and in torch, one thread each, in turn."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import numpy as np
import onnxruntime
import torch

from emotion import weights
from emotion.train.export import export_onnx
from emotion.train.resnet import ResNet

FACES: Final = 5  # one second of one person
SIDE: Final = 96
ROUNDS: Final = 30


def measure_runtimes() -> dict[str, float]:
    """Return the processor time that one face takes in each, the least of ROUNDS, in milliseconds."""
    torch.set_num_threads(1)
    net = ResNet(weights.path_of("identity-dlib")).eval()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        export_onnx(net, SIDE), options, providers=["CPUExecutionProvider"]
    )
    faces = np.random.default_rng(0).uniform(-1, 1, (FACES, 1, SIDE, SIDE)).astype(np.float32)
    laid_out = torch.from_numpy(faces).to(memory_format=torch.channels_last)
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def run_torch() -> None:
        with torch.inference_mode():
            net(laid_out)

    ways: dict[str, Callable[[], object]] = {
        "onnxruntime_ms_per_face": lambda: session.run(None, {"faces": faces}),
        "torch_ms_per_face": run_torch,
    }
    least = dict.fromkeys(ways, float("inf"))
    for _ in range(ROUNDS):
        for name, run in ways.items():
            began = time.process_time()
            run()
            least[name] = min(least[name], 1000 * (time.process_time() - began) / FACES)
    return {name: round(value, 2) for name, value in least.items()}
