"""A new master key takes the place of older ones: the keys of files are wrapped anew, the files stay."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from webapp.core import audit, master_keys
from webapp.core.master_keys import MediaLocked
from webapp.core.wrapped_keys import WrappedKey, kinds_of_keys, opened


@dataclass(frozen=True)
class Rewrapped:
    """How many keys were wrapped anew, and which could not be opened."""

    done: int
    locked: tuple[UUID, ...]


def rewrap_keys() -> Rewrapped:
    """Wrap every key by the first of the master keys.

    Each is a transaction of its own, so that an interrupted run goes on where it was; a key that was wrapped
    anew is not touched again.
    """
    current = master_keys.master_keys()[0]
    done, locked = 0, []
    for kind in kinds_of_keys():
        others = kind._default_manager.exclude(master=master_keys.name_of(current))
        for pk in list(others.values_list("pk", flat=True)):
            try:
                done += _rewrap(kind, pk, current)
            except MediaLocked:
                locked.append(pk)
    return Rewrapped(done, tuple(locked))


@transaction.atomic
def _rewrap(kind: type[WrappedKey], pk: UUID, current: bytes) -> bool:
    key = kind._default_manager.select_for_update().filter(pk=pk).first()
    name = master_keys.name_of(current)
    if key is None or key.master == name:
        return False
    wrapped = master_keys.wrap(opened(key), master=current, owner=key.pk)
    won = kind._default_manager.filter(pk=pk, master=key.master).update(wrapped=wrapped, master=name)
    if won:
        audit.record(
            actor=None,
            action="media_key.rewrapped",
            target=key,
            study_id=key.study_id,
            details={"from": key.master, "to": name},
        )
    return bool(won)
