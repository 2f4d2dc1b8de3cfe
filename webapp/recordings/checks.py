"""What Django's checks say about master keys before anybody misses a recording."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Warning
from django.db import DatabaseError

from webapp.core import master_keys
from webapp.core.encryption import KEY_BYTES


def check_master_keys(**_options: Any) -> list[CheckMessage]:
    """Find master keys that are none; the settings read from the environment have been checked already."""
    keys = master_keys.master_keys()
    if all(isinstance(key, bytes) and len(key) == KEY_BYTES for key in keys) and len(set(keys)) == len(keys):
        return []
    return [Error(f"MEDIA_KEYS must hold different keys of {KEY_BYTES} bytes.", id="recordings.E001")]


def check_keys_open(*, databases: Sequence[str] | None = None, **_options: Any) -> list[CheckMessage]:
    """Find recordings whose master key is missing. Asks the database, so only where that is checked."""
    from webapp.recordings.keys import kinds_of_keys

    if not databases:
        return []
    names = [master_keys.name_of(key) for key in master_keys.master_keys()]
    try:
        locked = sum(kind._default_manager.exclude(master__in=names).count() for kind in kinds_of_keys())
    except DatabaseError:  # not migrated yet
        return []
    if not locked:
        return []
    return [
        Warning(
            f"{locked} recordings or releases are encrypted and open with none of MEDIA_KEYS.",
            hint="Add the master key that they were encrypted under.",
            id="recordings.W001",
        )
    ]
