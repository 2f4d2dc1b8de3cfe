"""What this app does when consent ends: every release that contains the person is called back."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from webapp.consent.holders import Effect, Erased, Holder, Scope
from webapp.consent.models import Purpose
from webapp.consent.queries import lapsed as lapsed_people
from webapp.core.media_root import remove
from webapp.deidjobs.lent_holding import left_with, made_in_error, made_without_consent
from webapp.deidjobs.models import Derivative
from webapp.jobs.models import JobState
from webapp.recordings.models import Recording
from webapp.recordings.queries import EVERYONE, WHO_DECIDES, is_usable_for
from webapp.sharing import storage
from webapp.sharing.models import Recall, Recipient, Release, ReleaseItem
from webapp.sharing.recalling import call_back, standing_items
from webapp.sharing.services import lock_study
from webapp.sharing.states import ReleaseState
from webapp.studies.models import Encounter


def preview(scope: Scope) -> Iterator[Effect]:
    releases = {item.release_id for item in _ended(scope)}
    given = Recipient.objects.filter(release__in=releases).count()
    yield Effect(
        "recall",
        f"releases, given to {given} recipient{'' if given == 1 else 's'}",
        len(releases),
        "Their packages are deleted here, and whoever got one is asked to destroy what is of this person.",
    )


def erase(scope: Scope) -> list[Erased]:
    """Call back what rests on the ended consent, in the transaction of the erasure."""
    encounter = Encounter.objects.filter(pk__in=scope.encounters).select_related("study").first()
    if encounter is None:
        return []
    lock_study(encounter.study)
    reason = Recall.Reason.WITHDRAWAL if scope.person else Recall.Reason.RETENTION
    gone = []
    for release, items in groupby(_ended(scope), key=lambda item: item.release):
        done = call_back(release, list(items), actor=None, reason=reason)
        gone.append(Erased(f"recall of release {release.version}", str(done.recall.pk), release.sha256))
        if done.had_package:
            kind = f"package of release {release.version}"
            gone.append(Erased(kind, str(release.pk), release.sha256, release.size_bytes))
        gone += [Erased("encryption key", pk) for pk in done.keys]
    return gone


def remains(scope: Scope, erased: frozenset[str]) -> Iterator[str]:
    if left := len(_ended(scope)):
        yield f"{left} shared files are not called back yet"
    for pk, path in storage.packages():
        if str(pk) in erased:
            yield "a package is still in the storage"
            remove(path)
    studies = Encounter.objects.filter(pk__in=scope.encounters).values("study")
    building = Release.objects.filter(state=ReleaseState.BUILDING, study__in=studies)
    if building.filter(job__state=JobState.RUNNING, job__started_at__lte=scope.ended_at).exists():
        yield "a release is being built that may hold it; the work stops within seconds"


def holding(encounters: QuerySet[Encounter]) -> QuerySet[Encounter]:
    items = standing_items().filter(encounter__in=encounters)
    return Encounter.objects.filter(pk__in=items.values("encounter"))


def _ended(scope: Scope) -> list[ReleaseItem]:
    """Return what rests on a purpose that has ended, release by release: from before the end of consent, or
    not consented to now. Also videos of others in whose face there is somebody who does not agree any more.
    """
    study = Encounter.objects.filter(pk__in=scope.encounters).values("study")
    in_study = standing_items().filter(release__study__in=study)
    left = set(_videos_of(in_study, left_with(scope)).values_list("pk", flat=True))
    shared = standing_items().filter(Q(encounter__in=scope.encounters) | Q(pk__in=left))
    return [
        item
        for item in shared.select_related("release__study").order_by("release__version", "path")
        if item.pk in left or _rests_on(scope, item)
    ]


def _rests_on(scope: Scope, item: ReleaseItem) -> bool:
    if not any(_ends(scope, purpose) for purpose in item.needed):
        return False
    return item.release.made_at is None or item.release.made_at <= scope.ended_at or not _is_allowed(item)


def _videos_of(items: QuerySet[ReleaseItem], versions: QuerySet[Derivative]) -> QuerySet[ReleaseItem]:
    return items.filter(kind=ReleaseItem.Kind.VIDEO, source_id__in=versions.values("pk"))


def _ends(scope: Scope, purpose: str) -> bool:
    people = WHO_DECIDES.get(Purpose(purpose), EVERYONE)
    return any(scope.ends(purpose, person) for person in people)


def _is_allowed(item: ReleaseItem) -> bool:
    recording = Recording.objects.filter(encounter=item.encounter_id).first()
    return recording is not None and all(is_usable_for(recording, purpose) for purpose in item.needed)


def lapsed() -> int:
    """Call back what rests on a consent whose last day is over, and faces made of somebody else than was
    thought; return how many times.
    """
    items = list(standing_items().select_related("release__study").order_by("release_id", "path"))
    purposes = {purpose for item in items for purpose in item.needed}
    over = {purpose: _lapsed_encounters(purpose) for purpose in purposes}
    left, wrong = (
        set(_videos_of(standing_items(), versions).values_list("pk", flat=True))
        for versions in (made_without_consent(), made_in_error())
    )
    ended = [
        item
        for item in items
        if item.pk in left or any(item.encounter_id in over[purpose] for purpose in item.needed)
    ]
    mistaken = [item for item in items if item.pk in wrong and item not in ended]
    return _call_back_all(ended, Recall.Reason.EXPIRY) + _call_back_all(mistaken, Recall.Reason.ERROR)


def _call_back_all(items: list[ReleaseItem], reason: Recall.Reason) -> int:
    by_release = groupby(items, key=lambda item: item.release)
    return sum(_call_back(release, {item.pk for item in ones}, reason) for release, ones in by_release)


@transaction.atomic
def _call_back(release: Release, wanted: set[int], reason: Recall.Reason) -> bool:
    lock_study(release.study)
    items = list(standing_items().filter(pk__in=wanted))  # a withdrawal may have been faster
    if items:
        call_back(release, items, actor=None, reason=reason)
    return bool(items)


def _lapsed_encounters(purpose: str) -> set[UUID]:
    people = WHO_DECIDES.get(Purpose(purpose), EVERYONE)
    condition = Q()
    for person in people:
        condition |= Q(**{f"{person}__in": lapsed_people(purpose).values("pk")})
    return set(Encounter.objects.filter(condition).values_list("pk", flat=True))


HOLDER = Holder("sharing", preview, erase, remains, holding, lapsed)
