"""Calling back what may no longer be used: the package goes, and whoever got it is asked to destroy it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from webapp.accounts.models import User
from webapp.core import audit
from webapp.core.errors import Conflict, Invalid
from webapp.sharing import storage
from webapp.sharing.models import (
    Acknowledgement,
    Recall,
    RecalledItem,
    Recipient,
    Release,
    ReleaseItem,
    ReleaseKey,
)
from webapp.sharing.notices import queue_notice
from webapp.sharing.services import lock_study, move
from webapp.sharing.states import ONCE_READY, ReleaseState


@dataclass(frozen=True)
class Recalled:
    """What a recall did here. had_package: it deleted the package. keys: those it destroyed."""

    recall: Recall
    had_package: bool
    keys: tuple[str, ...]


@transaction.atomic
def recall_release(*, actor: User, release: Release, note: str) -> Recalled:
    """Call a whole release back because something in it is wrong. Raises Conflict when there is nothing left
    to call back.
    """
    lock_study(release.study)
    items = list(standing_items().filter(release=release))
    if release.state not in ONCE_READY or not items:
        raise Conflict("There is nothing in this release that could be called back.")
    return call_back(release, items, actor=actor, reason=Recall.Reason.ERROR, note=note)


def call_back(
    release: Release, items: Collection[ReleaseItem], *, actor: User | None, reason: str, note: str = ""
) -> Recalled:
    """Mark items as called back and delete the package. Call inside a transaction that holds the study."""
    recall = Recall.objects.create(
        release=release, reason=reason, note=note, made_by=actor, made_at=timezone.now()
    )
    RecalledItem.objects.bulk_create(RecalledItem(recall=recall, item=item) for item in items)
    queue_notice(recall)
    had_package = move(release, ReleaseState.RECALLED)
    keys = ReleaseKey.objects.filter(release=release)
    destroyed = tuple(str(pk) for pk in keys.values_list("pk", flat=True))
    keys.delete()
    transaction.on_commit(partial(storage.remove_all_of, release.pk), robust=True)
    audit.record(
        actor=actor,
        action="release.recalled",
        target=release,
        study_id=release.study_id,
        details={"version": release.version, "reason": reason, "items": len(items)},
    )
    return Recalled(recall, had_package, destroyed)


@transaction.atomic
def acknowledge(*, actor: User, recall: Recall, recipient: Recipient, note: str = "") -> Acknowledgement:
    """Write down that a recipient destroyed what was called back. Raises Invalid for one of another release,
    Conflict when that stands there already.
    """
    if recipient.release_id != recall.release_id:
        raise Invalid("This recipient did not get this release.")
    Release.objects.select_for_update().get(pk=recall.release_id)
    if Acknowledgement.objects.filter(recall=recall, recipient=recipient).exists():
        raise Conflict("This answer is recorded already.")
    answer = Acknowledgement.objects.create(
        recall=recall,
        recipient=recipient,
        acknowledged_on=timezone.localdate(),
        note=note,
        recorded_by=actor,
    )
    audit.record(
        actor=actor,
        action="release.recall_acknowledged",
        target=recall,
        study_id=recall.release.study_id,
        details={"recipient": recipient.pk},
    )
    return answer


def standing_items() -> QuerySet[ReleaseItem]:
    """Return what was shared and is not called back."""
    return ReleaseItem.objects.filter(recalled=None)
