"""What several people change on their pages, made one: what somebody else added meanwhile stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar
from uuid import UUID, uuid4

from django.db.models import Q, QuerySet
from django.utils import timezone

from webapp.core.errors import Invalid


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
    rows: QuerySet[Any],
    held: Sequence[H],
    *,
    known: Sequence[int],
    tried: Sequence[UUID],
    author_id: int,
    is_same: Callable[[Any, H], bool],
) -> tuple[int, list[tuple[UUID, H]]]:
    """Mark rows that a page began with and no longer holds as removed; return how many, and what is new.

    rows: all of a recording, also what was removed. tried: what the page sent before without an answer.
    is_same: whether a row says what is held. Raises Invalid for what could only be dropped: a row that is
    none or says something else, and a key that is sent twice.
    """
    kept = {one.pk for one in held if one.pk is not None}
    unsent = [one for one in held if one.pk is None]
    new = {one.client_key or uuid4(): one for one in unsent}
    if len(new) < len(unsent):
        raise Invalid("Expected a client_key of its own for everything that is new.")
    by_pk = {row.pk: row for row in rows.filter(pk__in=kept)}
    if any(one.pk not in by_pk or not is_same(by_pk[one.pk], one) for one in held if one.pk is not None):
        raise Invalid("Expected an id only of what is unchanged. Reload the page.")
    left_out = Q(pk__in=set(known) - kept) | Q(client_key__in=set(tried) - set(new))
    removed = rows.filter(left_out, removed_at=None).update(
        removed_at=timezone.now(), removed_by_id=author_id
    )
    there = {row.client_key: row for row in rows.filter(client_key__in=new, removed_at=None)}
    if any(not is_same(row, new[key]) for key, row in there.items()):
        raise Invalid("Expected a new client_key for what is changed. Reload the page.")
    return removed, [(key, one) for key, one in new.items() if key not in there]
