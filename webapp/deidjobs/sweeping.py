"""Versions that a worker finished and was killed before it could write down."""

from __future__ import annotations

import time

import structlog
from django.core.cache import cache

from webapp.deidjobs.models import Derivative
from webapp.deidjobs.storage import FOLDER
from webapp.recordings import storage
from webapp.recordings.sweeping import LOOK_FOR_ORPHANS_EVERY_S, ORPHAN_AFTER_S

log = structlog.get_logger(__name__)


def sweep_versions_without_a_row() -> None:
    """Delete whole files that no row has named for a day, longer than any audit takes; looks once an hour."""
    if not cache.add("versions-swept", True, LOOK_FOR_ORPHANS_EVERY_S):
        return
    before = time.time() - ORPHAN_AFTER_S
    known = {str(pk) for pk in Derivative.objects.values_list("pk", flat=True)}
    for _, folder in storage.entries("derived"):
        for path in folder.glob(f"{FOLDER}/[!.]*"):
            if path.stem not in known and path.stat().st_mtime < before:
                log.warning("orphan_deleted", kind=FOLDER, recording_id=folder.name)
                path.unlink(missing_ok=True)
