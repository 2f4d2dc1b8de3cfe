"""What this app erases when consent ends: de-identified versions, which exist to be shared."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from django.db import transaction
from django.db.models import Q, QuerySet

from webapp.consent.holders import Effect, Erased, Holder, Scope
from webapp.consent.models import Purpose
from webapp.core.encrypted_path import Place
from webapp.core.media_root import remove
from webapp.deidjobs.models import Derivative, DrawnCover, StudyDonor
from webapp.deidjobs.queries import may_be_hidden, purposes_of
from webapp.deidjobs.storage import FOLDER, STEPS, version_path
from webapp.recordings.models import Recording
from webapp.recordings.storage import derived_dir, entries
from webapp.studies.models import Encounter


def preview(scope: Scope) -> Iterator[Effect]:
    count = sum(_rests_on(scope, one) for one in _versions(scope))
    yield Effect("delete", "de-identified versions", count, "With their files, cards and reviews.")
    drawn = DrawnCover.objects.filter(recording__encounter__in=scope.encounters)
    count = drawn.count() if scope.purposes & {Purpose.RECORD, *purposes_of("remove")} else 0
    donors = _donors(scope).count()
    yield Effect("delete", "whose donor it was", donors, "Nobody else of the study gets that face.")
    yield Effect("delete", "covers drawn by hand", count, "Only such versions need them.")


def erase(scope: Scope) -> list[Erased]:
    gone = []
    for one in _to_erase(scope):
        gone.append(Erased("de-identified version", str(one.pk), one.sha256, one.size_bytes))
        path = version_path(one.recording_id, one.pk)
        transaction.on_commit(partial(path.unlink, missing_ok=True), robust=True)
        one.delete()
    if count := _drawn(scope).delete()[0]:
        gone.append(Erased("covers drawn by hand", "", count=count))
    if count := _donors(scope).update(participant=None):  # the donor stays taken
        gone.append(Erased("whose donor it was", "", count=count))
    for folder in _steps(scope):
        transaction.on_commit(partial(remove, folder), robust=True)
    return gone


def remains(scope: Scope, erased: frozenset[str]) -> Iterator[str]:
    if left := len(_to_erase(scope)):
        yield f"{left} de-identified versions are still in the database"
    if left := _drawn(scope).count():
        yield f"{left} covers drawn by hand are still in the database"
    if left := _donors(scope).count():
        yield f"it is still known whose {left} donors are"
    for path in _files():
        if path.stem in erased:
            yield "a de-identified version is still in the storage"
            path.unlink(missing_ok=True)
    for folder in _steps(scope):
        if folder.exists():
            yield "what was computed to de-identify a recording is still in the storage"
            remove(folder)


def holding(encounters: QuerySet[Encounter]) -> QuerySet[Encounter]:
    versions = Derivative.objects.filter(recording__encounter__in=encounters)
    drawn = DrawnCover.objects.filter(recording__encounter__in=encounters)
    holding = Q(pk__in=versions.values("recording__encounter")) | Q(
        pk__in=drawn.values("recording__encounter")
    )
    return Encounter.objects.filter(holding)


def _drawn(scope: Scope) -> QuerySet[DrawnCover]:
    """Return the covers of recordings that may not be hidden any more."""
    recordings = Recording.objects.filter(encounter__in=scope.encounters).select_related("encounter")
    ended = [one.pk for one in recordings if not may_be_hidden(one, audio="remove")]
    return DrawnCover.objects.filter(recording__in=ended)


def _donors(scope: Scope) -> QuerySet[StudyDonor]:
    """Return the donors of people whose consent to versions ended, and of whom no other encounter is left."""
    if not scope.purposes & {Purpose.RECORD, *purposes_of("remove")}:
        return StudyDonor.objects.none()
    within = Encounter.objects.filter(pk__in=scope.encounters)
    others = Encounter.objects.exclude(pk__in=scope.encounters)
    people = Q()
    for person in (scope.person,) if scope.person else ("doctor", "patient"):
        people |= Q(participant__in=within.values(person))
    busy = Q(participant__in=others.values("doctor")) | Q(participant__in=others.values("patient"))
    return StudyDonor.objects.filter(people).exclude(busy)


def _versions(scope: Scope) -> QuerySet[Derivative]:
    found = Derivative.objects.filter(recording__encounter__in=scope.encounters)
    return found.select_related("recording__encounter")


def _rests_on(scope: Scope, version: Derivative) -> bool:
    """Return whether a version needs a purpose that has ended."""
    return bool(scope.purposes & {Purpose.RECORD, *purposes_of(version.audio)})


def _to_erase(scope: Scope) -> list[Derivative]:
    """Return the versions from before the end of consent, or that are not consented to now."""
    return [
        one
        for one in _versions(scope)
        if _rests_on(scope, one)
        and (one.finished_at <= scope.ended_at or not may_be_hidden(one.recording, one.audio))
    ]


def _steps(scope: Scope) -> list[Place]:
    """Return where jobs keep what they computed from recordings that may not be hidden any more, and where
    versions lie, of which there may be none then.
    """
    recordings = Recording.objects.filter(encounter__in=scope.encounters).select_related("encounter")
    return [
        derived_dir(one.pk) / folder
        for one in recordings
        if not may_be_hidden(one, audio="remove")
        for folder in (STEPS, FOLDER)
    ]


def _files() -> Iterator[Place]:
    for _, folder in entries("derived"):
        yield from (folder / FOLDER).glob("*.mp4")


HOLDER = Holder("deidjobs", preview, erase, remains, holding)
