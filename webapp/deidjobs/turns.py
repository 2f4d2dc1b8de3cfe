"""What takes a core for seconds in a request: one of a kind at a time for each person."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.core.cache import cache

from webapp.core.errors import TooFast

AT_MOST_S: Final = 60  # a process that was killed leaves its turn for as long


@contextmanager
def one_at_a_time(what: str, user_id: int | None) -> Iterator[None]:
    """Let one person ask for one of these at a time. Raises TooFast.

    Whoever takes longer than a turn lasts does not end the turn that came after.
    """
    key, mine = f"{what}:{user_id}", secrets.token_hex(8)
    if not cache.add(key, mine, AT_MOST_S):
        raise TooFast
    try:
        yield
    finally:
        if cache.get(key) == mine:
            cache.delete(key)
