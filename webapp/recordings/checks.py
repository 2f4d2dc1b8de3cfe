"""What Django's checks say about master keys before anybody misses a recording."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Warning
from django.db import DatabaseError

from webapp.core import bucket, master_keys
from webapp.core.encryption import KEY_BYTES
from webapp.core.media_root import media_root
from webapp.core.object_path import ObjectPath

KEEPS_VERSIONS = (
    "The bucket of MEDIA_URL_S3 keeps older versions, so what is erased would remain. Use another."
)


def check_master_keys(**_options: Any) -> list[CheckMessage]:
    """Find master keys that are none; the settings read from the environment have been checked already."""
    keys = master_keys.master_keys()
    if all(isinstance(key, bytes) and len(key) == KEY_BYTES for key in keys) and len(set(keys)) == len(keys):
        return []
    return [Error(f"MEDIA_KEYS must hold different keys of {KEY_BYTES} bytes.", id="recordings.E001")]


def check_keys_open(*, databases: Sequence[str] | None = None, **_options: Any) -> list[CheckMessage]:
    """Find stored files whose master key is missing. Asks the database, so only where that is checked."""
    from webapp.core.wrapped_keys import kinds_of_keys

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
            f"{locked} recordings, releases or scans are encrypted and open with none of MEDIA_KEYS.",
            hint="Add the master key that they were encrypted under.",
            id="recordings.W001",
        )
    ]


def check_media_bucket(*, databases: Sequence[str] | None = None, **_options: Any) -> list[CheckMessage]:
    """Find a bucket that is missing, refuses us, or keeps what is erased. Asks it, so only where a database
    is checked too, as before every migration.
    """
    root = media_root()
    if not databases or not isinstance(root, ObjectPath):
        return []
    try:
        bucket.check_bucket(root.bucket)
        if bucket.keeps_old_versions(root.bucket):
            return [Error(KEEPS_VERSIONS, hint="Use one without versions.", id="recordings.E003")]
        probe = root / "probe" / str(uuid.uuid4())
        probe.write_bytes(b"probe")
        probe.unlink()
    except bucket.BucketUnfit as error:
        return [Error(error.sentence, id="recordings.E002")]
    except OSError as error:
        return [Error(f"The bucket of MEDIA_URL_S3 takes no files: {error.strerror}.", id="recordings.E002")]
    return []
