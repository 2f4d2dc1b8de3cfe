"""What all results rest on beside the task: the recording, the programs that read it, and their data."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Final

import emotion
from deid.anchors import ANCHORS_PATH
from deid.donors import LIKENESS_PATH
from deid.heads.pack import PACK_PATH
from deid.held import NETWORK_PATH
from deid.response import RESPONSE_PATH
from emotion.media.source import size_of
from emotion.results import PACKAGES
from emotion.types import MediaPath
from emotion.weights import WEIGHTS

DRAWING: Final = 13  # one more whenever the code sees, follows or draws anything in another way
TRACE_BYTES: Final = 1 << 20  # of a recording's beginning and end


def seen_by(source: MediaPath, device: str) -> bytes:
    """Return what decides what is seen in a recording: a trace of it, versions, weights and the device."""
    weights = sorted((name, one.sha256) for name, one in WEIGHTS.items())
    return repr((DRAWING, _versions(), weights, _digest(NETWORK_PATH), device, _trace(source))).encode()


@cache
def drawn_by() -> bytes:
    """Return what else decides how donors are chosen and drawn: digests of their data."""
    return b"".join(_digest(path) for path in (ANCHORS_PATH, LIKENESS_PATH, RESPONSE_PATH, PACK_PATH))


@cache
def _versions() -> tuple[str, ...]:
    return (emotion.__version__, platform.machine(), *(metadata.version(name) for name in PACKAGES))


@cache
def _digest(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


def _trace(source: MediaPath) -> str:
    """Return what tells a recording from others without reading all of it."""
    size = size_of(source)
    with source.open("rb") as file:
        ends = file.read(TRACE_BYTES)
        file.seek(max(0, size - TRACE_BYTES))
        ends += file.read(TRACE_BYTES)
    return f"{size} {hashlib.sha256(ends).hexdigest()}"
