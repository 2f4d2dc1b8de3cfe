"""Telling the silent from the living without trusting any clock but our own steady one.

Heartbeats are written by the clocks of many hosts, which may differ and may jump. So nobody compares them
with the time of day: a watcher remembers which heartbeat it saw last and when, by the steady clock of its
own process, and takes for lost what has not changed for long enough.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Watcher(Generic[Key]):
    """Finds what has shown no change for `patience_s` seconds of watching.

    >>> now = [0.0]
    >>> watcher = Watcher(patience_s=45, clock=lambda: now[0])
    >>> watcher.silent({"a": 1, "b": 1}.items())
    []
    >>> now[0] = 45.0
    >>> watcher.silent({"a": 1, "b": 2}.items())
    ['a']
    """

    def __init__(self, *, patience_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._patience_s = patience_s
        self._clock = clock
        self._seen: dict[Key, tuple[object, float]] = {}

    def silent(self, signs: Iterable[tuple[Key, object]]) -> list[Key]:
        """Return the keys whose sign of life is the same as it was patience_s ago. signs: all that there are
        now; what is not among them is forgotten.
        """
        now = self._clock()
        seen = {}
        for key, sign in signs:
            before = self._seen.get(key)
            seen[key] = before if before is not None and before[0] == sign else (sign, now)
        self._seen = seen
        return [key for key, (_, since) in seen.items() if now - since >= self._patience_s]
