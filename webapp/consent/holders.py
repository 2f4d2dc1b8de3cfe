"""What the apps hold about people. Each app says from AppConfig.ready what it would erase, and erases it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.db.models import QuerySet

from webapp.studies.models import Encounter


@dataclass(frozen=True)
class Scope:
    """What must go: of these encounters, what these purposes allowed until consent ended at a moment.

    person: "doctor" or "patient", whose consent ended; None when everybody's time ran out. participant: who
    that is.
    """

    encounters: tuple[UUID, ...]
    person: str | None
    purposes: frozenset[str]
    ended_at: datetime
    participant: int | None = None

    def ends(self, purpose: str, person: str) -> bool:
        """Return whether a purpose that only this person decides on has ended."""
        return purpose in self.purposes and self.person in (None, person)


@dataclass(frozen=True)
class Effect:
    """One line of a preview: what stops, is deleted, called back from others or kept, and why."""

    action: Literal["stop", "delete", "recall", "keep"]
    what: str
    count: int
    why: str = ""


@dataclass(frozen=True)
class Erased:
    """One thing that is gone, as its tombstone names it. count: of how many parts, where that says more."""

    kind: str
    object_id: str
    sha256: str = ""
    size_bytes: int | None = None
    count: int = 1


def _nothing() -> int:
    return 0


@dataclass(frozen=True)
class Holder:
    """An app's answer to an erasure.

    preview: what would happen; changes nothing. erase: deletes rows at once and files after the commit; doing
    it again does nothing more. remains: sentences about what is still there; empty when all is gone. It gets
    those object ids of everything that was erased that are UUIDs, to look for in the storage. holding: those
    of the encounters of which there is something to erase. lapsed: takes back what was given to others on a
    consent that is no longer valid; returns how many times. What is kept here stays, out of use, for the
    consent can be renewed.
    """

    name: str
    preview: Callable[[Scope], Iterable[Effect]]
    erase: Callable[[Scope], Iterable[Erased]]
    remains: Callable[[Scope, frozenset[str]], Iterable[str]]
    holding: Callable[[QuerySet[Encounter]], QuerySet[Encounter]]
    lapsed: Callable[[], int] = _nothing


_HOLDERS: dict[str, Holder] = {}


def register_holder(holder: Holder) -> None:
    _HOLDERS[holder.name] = holder


def holders() -> tuple[Holder, ...]:
    """Return every holder, those of later apps first: what was derived goes before what it came from."""
    return tuple(reversed(_HOLDERS.values()))
