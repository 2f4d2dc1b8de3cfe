"""What several people change on their pages, made one: what somebody else added meanwhile stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar
from uuid import UUID, uuid4

from django.db.models import Q, QuerySet
from django.utils import timezone


class Held(Protocol):
    """A row as somebody's page holds it. pk: of one that is unchanged, None for what is new. client_key:
    what the page calls it however often it is sent.
    """

    @property
    def pk(self) -> int | None: ...

    @property
    def client_key(self) -> UUID | None: ...


H = TypeVar("H", bound=Held)


def merge(
    rows: QuerySet[Any], held: Sequence[H], *, known: Sequence[int], tried: Sequence[UUID], author_id: int
) -> tuple[int, list[tuple[UUID, H]]]:
    """Mark rows that a page began with and no longer holds as removed; return how many, and what is new.

    rows: all of a recording, also what was removed. tried: what the page sent before without an answer.
    """
    kept = {one.pk for one in held if one.pk is not None}
    new = {one.client_key or uuid4(): one for one in held if one.pk is None}
    left_out = Q(pk__in=set(known) - kept) | Q(client_key__in=set(tried) - set(new))
    removed = rows.filter(left_out, removed_at=None).update(
        removed_at=timezone.now(), removed_by_id=author_id
    )
    there = set(rows.filter(client_key__in=new).values_list("client_key", flat=True))
    return removed, [(key, one) for key, one in new.items() if key not in there]
