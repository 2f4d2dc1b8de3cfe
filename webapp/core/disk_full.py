"""A full disk, as an answer that says so."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from webapp.core.errors import InsufficientStorage

DISK_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def disk_full_as_507(sentence: str = InsufficientStorage.message) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            raise InsufficientStorage(sentence) from error
        raise
