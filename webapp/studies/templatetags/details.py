"""The details of an audit event as one reads them, not as they are stored."""

from __future__ import annotations

from typing import Any

from django import template

register = template.Library()


@register.filter
def in_words(value: Any) -> str:
    """Return a value of an event's details in words.

    >>> in_words({"record": True, "annotate": False})
    'record: yes, annotate: no'
    >>> in_words(["a", 2]), in_words(None), in_words([]), in_words("x")
    ('a, 2', '–', '–', 'x')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {in_words(one)}" for name, one in value.items()) or "–"
    if isinstance(value, list):
        return ", ".join(map(in_words, value)) or "–"
    return "–" if value is None else str(value)
