"""Lengths of time as people say them; frontend/static/js/lib/format.js says the same."""

from __future__ import annotations

NBSP = "\u00a0"


def as_clock(seconds: int) -> str:
    """Return a moment of a recording as people say it.

    >>> as_clock(90), as_clock(3_690)
    ('1:30', '61:30')
    """
    return f"{seconds // 60}:{seconds % 60:02d}"


def in_words(seconds: float) -> str:
    """Return a length of time that is an estimate or a sum, without false precision.

    >>> [in_words(s).replace(NBSP, " ") for s in (3, 42, 600, 8_000, 90_000)]
    ['a few seconds', '50 s', '10 min', '2.2 h', '25 h']
    """
    if seconds < 5:
        return "a few seconds"
    if seconds < 50:
        return f"{-(-seconds // 10) * 10:.0f}{NBSP}s"
    if seconds < 3570:
        return f"{max(1, round(seconds / 60))}{NBSP}min"
    hours = seconds / 3600
    return f"{hours:.1f}{NBSP}h" if hours < 10 else f"{hours:,.0f}{NBSP}h"
