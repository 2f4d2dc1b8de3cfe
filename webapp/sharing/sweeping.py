"""Packages that no release names: left by a power cut before a deletion, or by a killed worker."""

from __future__ import annotations

import time

import structlog
from django.core.cache import cache

from webapp.recordings.sweeping import HALF_WRITTEN_AFTER_S, LOOK_FOR_ORPHANS_EVERY_S, ORPHAN_AFTER_S
from webapp.sharing import storage
from webapp.sharing.models import Release
from webapp.sharing.states import PACKED

log = structlog.get_logger(__name__)


def sweep_packages_without_a_release() -> None:
    """Delete old packages that no release names, and what was written by halves; looks once an hour."""
    if not cache.add("packages-swept", True, LOOK_FOR_ORPHANS_EVERY_S):
        return
    now = time.time()
    known = set(Release.objects.filter(state__in=PACKED).values_list("stored_as", flat=True))
    for stored_as, path in list(storage.files()):
        after_s = HALF_WRITTEN_AFTER_S if path.suffix == ".part" else ORPHAN_AFTER_S
        if stored_as not in known and now - path.stat().st_mtime > after_s:
            log.warning("orphan_deleted", kind=storage.FOLDER, entry=stored_as)
            path.unlink(missing_ok=True)
