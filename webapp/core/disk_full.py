"""A full disk, as an answer that says so."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db import OperationalError

from webapp.core.errors import InsufficientStorage

DISK_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


#: What SQLite and PostgreSQL call it.
_SQLITE_FULL: Final = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE}
_POSTGRES_FULL: Final = "53100"
NOTHING_CHANGED: Final = (
    "The server’s disk is full, so nothing was changed. Ask whoever runs it to make room."
)


def is_disk_full(error: BaseException) -> bool:
    """Return whether an error of the storage or of the database says that its disk is full."""
    if isinstance(error, OSError):
        return error.errno in DISK_FULL
    cause = error.__cause__ if isinstance(error, OperationalError) else None
    by_sqlite = getattr(cause, "sqlite_errorcode", None) in _SQLITE_FULL
    return by_sqlite or getattr(cause, "sqlstate", None) == _POSTGRES_FULL


@contextmanager
def disk_full_as_507(sentence: str = InsufficientStorage.message) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if is_disk_full(error):
            raise InsufficientStorage(sentence) from error
        raise
