"""Recordings with their faces hidden, and what the audit measured."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from django.conf import settings

from webapp.core.encrypted_path import StoredFile
from webapp.engines.findings import versions
from webapp.engines.translating import translated
from webapp.engines.values import HiddenVideo

if TYPE_CHECKING:
    from deid.audit import AuditTools
    from deid.pipeline import Hiding


def known_methods() -> tuple[str, ...]:
    from deid.hiders import METHODS

    return METHODS


def known_sounds() -> tuple[str, ...]:
    from deid.sound import AUDIO

    return AUDIO


@functools.cache
def known_donors() -> tuple[str, ...]:
    from deid.donors import list_donors

    return tuple(donor.name for donor in list_donors())


def hide_faces(
    source: StoredFile,
    destination: StoredFile,
    *,
    method: str,
    audio: str,
    donor: str,
    seed: int,
    progress: Callable[[float, bool], None],
    cancelled: Callable[[], bool],
) -> HiddenVideo:
    """Write a recording with its faces hidden and return how and what the audit measured on that file.

    progress is told a share of 0..1 and whether it is the audit's. Raises AppError, Stopped, and OSError when
    the storage fails; then nothing stands under the destination's name, unless the audit was what went wrong.
    """
    from deid.audit import audit
    from deid.pipeline import Task, deidentify, describe
    from emotion.media.source import partial_path

    source.stat()
    task = Task(method, audio=audio, donor=donor, seed=seed)
    with translated():
        hiding, tools = _load_hiding()
        report = deidentify(
            source,
            destination,
            task,
            hiding=hiding,
            progress=lambda share: progress(share, False),
            cancelled=cancelled,
        )
        found = audit(
            source,
            destination,
            tools=tools,
            control=partial_path(destination),
            progress=lambda share: progress(share, True),
            cancelled=cancelled,
        )
    digest, size_bytes = hashlib.sha256(), 0
    with destination.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            size_bytes += len(block)
    return HiddenVideo(
        recipe={**vars(task), "versions": versions(), "weights": _all_weights()},
        report=describe(report),
        privacy=found["privacy"],
        expression=found["expression"],
        media=found["media"],
        verdict=found["verdict"],
        reasons=found["reasons"],
        sha256=digest.hexdigest(),
        size_bytes=size_bytes,
    )


@functools.cache
def _load_hiding() -> tuple[Hiding, AuditTools]:
    from deid.audit import load_tools
    from deid.pipeline import load_hiding

    return (
        load_hiding(settings.WEIGHTS_DIR, device=settings.DEVICE),
        load_tools(settings.WEIGHTS_DIR, device=settings.DEVICE),
    )


def _all_weights() -> dict[str, str]:
    from emotion.weights import WEIGHTS

    return {name: one.sha256 for name, one in WEIGHTS.items()}
