"""Half-written samples of segments that nobody takes up again: killed while writing, and then cancelled."""

from __future__ import annotations

import time

import structlog
from django.core.cache import cache

from webapp.recordings import storage

log = structlog.get_logger(__name__)

#: Longer than any segment takes to be written.
LEFT_AFTER_S = 60 * 60
LOOK_EVERY_S = 60 * 60


def sweep_half_written_samples() -> None:
    """Delete temporary files that have not changed for an hour; looks once an hour."""
    if not cache.add("half-written-swept", True, LOOK_EVERY_S):
        return
    before = time.time() - LEFT_AFTER_S
    for _, folder in storage.entries("derived"):
        for path in folder.glob("samples/*/.*.part"):
            if path.stat().st_mtime < before:
                log.warning("half_written_deleted", recording_id=folder.name)
                path.unlink(missing_ok=True)
