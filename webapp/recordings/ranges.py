"""Byte ranges of HTTP (RFC 9110, 14): one range per answer, as players ask for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_ONE_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class Unsatisfiable(Exception):
    """The range lies outside of the file."""


@dataclass(frozen=True)
class ByteRange:
    """Bytes start to end, end excluded."""

    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """Return the range that a header asks for; None for the whole file, also where the header makes no sense.

    A server may ignore a header it does not understand, such as several ranges at once. Raises Unsatisfiable.

    >>> parse_range("bytes=0-1", 100), parse_range("bytes=-10", 100), parse_range("bytes=90-", 100)
    (ByteRange(start=0, end=2), ByteRange(start=90, end=100), ByteRange(start=90, end=100))
    """
    match = _ONE_RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.group(1, 2) == ("", ""):
        return None
    first, last = match.group(1), match.group(2)
    if not first:
        length = int(last)
        if length == 0 or size == 0:
            raise Unsatisfiable
        return ByteRange(max(0, size - length), size)
    start = int(first)
    if last and int(last) < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return ByteRange(start, min(size, int(last) + 1) if last else size)
