"""The device is the one asked for, or the refusal says why."""

from __future__ import annotations

from typing import ClassVar

import onnxruntime
import pytest

from emotion import weights
from emotion.errors import DeviceUnavailable
from emotion.inference import available_cores, open_session, resolve_device


@pytest.fixture
def providers(monkeypatch):
    def offer(*names: str) -> None:
        monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: list(names))

    return offer


@pytest.mark.parametrize(
    ("device", "offered", "expected"),
    [
        ("cpu", ["CUDAExecutionProvider", "CPUExecutionProvider"], "cpu"),
        ("auto", ["CPUExecutionProvider"], "cpu"),
        ("auto", ["CUDAExecutionProvider", "CPUExecutionProvider"], "cuda"),
        ("cuda", ["CUDAExecutionProvider", "CPUExecutionProvider"], "cuda"),
    ],
)
def test_cuda_is_used_where_it_is_and_where_it_may(providers, device, offered, expected):
    providers(*offered)
    assert resolve_device(device) == expected


def test_cuda_that_is_not_there_is_refused(providers, weights_dir):
    providers("CPUExecutionProvider")
    with pytest.raises(DeviceUnavailable, match="CUDA was asked for"):
        open_session(weights.path_of("fer", weights_dir), device="cuda")


class RecordingSession:
    """Stands in for a runtime: remembers what it was opened with and has the providers it was given."""

    opened: ClassVar[list] = []

    def __init__(self, path, options, providers):
        self.opened.append(providers)

    def get_providers(self):
        return ["CPUExecutionProvider"]


def test_cuda_computes_in_full_precision_and_one_that_does_not_start_is_refused(
    providers, monkeypatch, tmp_path
):
    providers("CUDAExecutionProvider", "CPUExecutionProvider")
    monkeypatch.setattr(onnxruntime, "InferenceSession", RecordingSession)
    open_session(tmp_path, device="auto")
    (name, options), fallback = RecordingSession.opened.pop()
    assert (name, fallback) == ("CUDAExecutionProvider", "CPUExecutionProvider")
    assert options["use_tf32"] == "0"
    with pytest.raises(DeviceUnavailable, match="does not start"):
        open_session(tmp_path, device="cuda")


def test_an_unknown_device_is_refused():
    with pytest.raises(DeviceUnavailable, match="expected a device of auto, cpu, cuda, got 'tpu'"):
        resolve_device("tpu")


def test_a_machine_has_at_least_one_core():
    assert available_cores() >= 1
