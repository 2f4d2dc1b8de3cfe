"""A version whose worker was killed before it wrote its row is deleted, one with a row never."""

from __future__ import annotations

import os
import time
import uuid

from django.core.cache import cache

from webapp.deidjobs.storage import version_path
from webapp.deidjobs.sweeping import sweep_versions_without_a_row


def test_only_old_versions_without_a_row_are_deleted(recording, derivative):
    cache.clear()
    kept = version_path(recording.pk, derivative.pk)
    orphan, fresh = (version_path(recording.pk, uuid.uuid4()) for _ in range(2))
    for path in (orphan, fresh):
        path.write_bytes(b"hidden video")
    for path in (kept, orphan):
        os.utime(path, (time.time() - 25 * 3600,) * 2)
    sweep_versions_without_a_row()
    assert (kept.exists(), orphan.exists(), fresh.exists()) == (True, False, True)
