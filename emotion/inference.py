"""Open networks in ONNX Runtime, the one engine that runs everything."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Literal, cast

import onnxruntime

from emotion.errors import DeviceUnavailable

Device = Literal["auto", "cpu", "cuda"]
DEVICES: Final = ("auto", "cpu", "cuda")
CUDA_PROVIDER: Final = "CUDAExecutionProvider"
CPU_PROVIDER: Final = "CPUExecutionProvider"
ERRORS_ONLY: Final = 3
#: Full single precision, for TF32 would move probabilities by more than 1e-3, and an algorithm for each
#: convolution that does not depend on what a timing said.
CUDA_OPTIONS: Final = {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"}


def resolve_device(device: str) -> Literal["cpu", "cuda"]:
    """Return the device that work will run on; "auto" is CUDA where the installed runtime offers it.

    Raises DeviceUnavailable for CUDA without a runtime that supports it, and for an unknown name.
    """
    if device not in DEVICES:
        raise DeviceUnavailable(f"expected a device of {', '.join(DEVICES)}, got {device!r}")
    has_cuda = CUDA_PROVIDER in onnxruntime.get_available_providers()
    if device == "cuda" and not has_cuda:
        raise DeviceUnavailable("CUDA was asked for, but the installed ONNX Runtime cannot use it: use 'cpu'")
    if device == "auto":
        return "cuda" if has_cuda else "cpu"
    return cast(Literal["cpu", "cuda"], device)


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def open_session(path: Path, *, device: str = "cpu", threads: int = 0) -> onnxruntime.InferenceSession:
    """Return a network ready to run. threads: within one run on a CPU, 0 for as many as there are cores.

    Raises DeviceUnavailable when CUDA was asked for by name and does not start; "auto" then stays on the CPU.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # leave cores to the decoder
    options.log_severity_level = ERRORS_ONLY
    wants_cuda = resolve_device(device) == "cuda"
    providers = [(CUDA_PROVIDER, CUDA_OPTIONS), CPU_PROVIDER] if wants_cuda else [CPU_PROVIDER]
    session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    if device == "cuda" and CUDA_PROVIDER not in session.get_providers():
        raise DeviceUnavailable("CUDA was asked for, but it does not start on this machine: use 'cpu'")
    return session
