"""What this app erases when consent ends: de-identified versions, which exist to be shared."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from webapp.consent.holders import Effect, Erased, Holder, Scope
from webapp.consent.models import Purpose
from webapp.core.encrypted_path import Place
from webapp.core.media_root import remove
from webapp.deidjobs.donors import AUTO
from webapp.deidjobs.models import Casting, Derivative, DrawnCover, MarkedSpan, StudyDonor
from webapp.deidjobs.queries import KIND, VOICELESS, may_be_hidden, purposes_of
from webapp.deidjobs.storage import FOLDER, STEPS, version_path
from webapp.engines import MARKED
from webapp.jobs.models import Job
from webapp.recordings.models import Recording
from webapp.recordings.storage import derived_dir, entries
from webapp.studies.models import Encounter

#: Why an encounter is left out when all of it was erased.
ERASED: Final = (Encounter.Reason.CONSENT_WITHDRAWN, Encounter.Reason.RETENTION_ENDED)


def preview(scope: Scope) -> Iterator[Effect]:
    count = sum(_rests_on(scope, one) for one in _versions(scope))
    yield Effect("delete", "de-identified versions", count, "With their files, cards and reviews.")
    drawn = DrawnCover.objects.filter(recording__encounter__in=scope.encounters)
    count = drawn.count() if _ends_all(scope) else 0
    donors = _donors(scope).count()
    yield Effect("delete", "whose donor it was", donors, "Nobody else of the study gets that face.")
    yield Effect("delete", "covers drawn by hand", count, "Only such versions need them.")
    marked = MarkedSpan.objects.filter(recording__encounter__in=scope.encounters)
    count = marked.count() if _ends_sound(scope) else 0
    yield Effect("delete", "marked spans of sound", count, "Only versions with their sound need them.")


def erase(scope: Scope) -> list[Erased]:
    gone = []
    for one in _to_erase(scope):
        gone.append(Erased("de-identified version", str(one.pk), one.sha256, one.size_bytes))
        path = version_path(one.recording_id, one.pk)
        transaction.on_commit(partial(path.unlink, missing_ok=True), robust=True)
        one.delete()
    if count := _drawn(scope).delete()[0]:
        gone.append(Erased("covers drawn by hand", "", count=count))
    if count := _marked(scope).delete()[0]:
        gone.append(Erased("marked spans of sound", "", count=count))
    if count := _donors(scope).update(participant=None, reason=""):  # the donor stays taken
        gone.append(Erased("whose donor it was", "", count=count))
    if count := _forget_donors(_told(scope)):
        gone.append(Erased("what a job was told of donors", "", count=count))
    for folder in _steps(scope):
        transaction.on_commit(partial(remove, folder), robust=True)
    return gone


def remains(scope: Scope, erased: frozenset[str]) -> Iterator[str]:
    if left := len(_to_erase(scope)):
        yield f"{left} de-identified versions are still in the database"
    if left := _drawn(scope).count():
        yield f"{left} covers drawn by hand are still in the database"
    if left := _marked(scope).count():
        yield f"{left} marked spans of sound are still in the database"
    if left := _donors(scope).count():
        yield f"it is still known whose {left} donors are"
    if left := _told(scope).count():
        yield f"{left} jobs still say what they were told of donors"
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
    marked = MarkedSpan.objects.filter(recording__encounter__in=encounters)
    known = StudyDonor.objects.exclude(participant=None).exclude(_is_met_in(_left()))
    people, told = known.values("participant"), _telling(Job.objects.filter(kind=KIND))
    holding = (
        Q(pk__in=versions.values("recording__encounter"))
        | Q(pk__in=drawn.values("recording__encounter"))
        | Q(pk__in=marked.values("recording__encounter"))
        | Q(pk__in=told.values("subject_id"))
        | Q(doctor__in=people)
        | Q(patient__in=people)
    )
    return Encounter.objects.filter(holding, pk__in=encounters.values("pk"))


def _telling(jobs: QuerySet[Job]) -> QuerySet[Job]:
    """Return those of the jobs that say whose donor is which."""
    named = Q(params__has_key="donor") & ~Q(params__donor=AUTO)
    return jobs.filter(Q(casting__isnull=False) | named)


def _ends_all(scope: Scope) -> bool:
    """Return whether no version at all may be made on what has ended."""
    return bool(scope.purposes & {Purpose.RECORD, *purposes_of("remove")})


def _ends_sound(scope: Scope) -> bool:
    """Return whether no version with voices in it may be made on what has ended."""
    return bool(scope.purposes & {Purpose.RECORD, *purposes_of(MARKED)})


def _ended(scope: Scope, audio: str = "remove") -> list[Recording]:
    """Return the recordings that may not be hidden any more because of what has ended."""
    if not (_ends_all(scope) if audio in VOICELESS else _ends_sound(scope)):
        return []
    recordings = Recording.objects.filter(encounter__in=scope.encounters).select_related("encounter")
    return [one for one in recordings if not may_be_hidden(one, audio)]


def _drawn(scope: Scope) -> QuerySet[DrawnCover]:
    return DrawnCover.objects.filter(recording__in=_ended(scope))


def _marked(scope: Scope) -> QuerySet[MarkedSpan]:
    return MarkedSpan.objects.filter(recording__in=_ended(scope, MARKED))


def _told(scope: Scope) -> QuerySet[Job]:
    """Return the jobs from before the end of consent that say whose donor is which."""
    if not _ends_all(scope):
        return Job.objects.none()
    jobs = Job.objects.filter(kind=KIND, subject_id__in=scope.encounters)
    return _telling(jobs.filter(created_at__lte=scope.ended_at))


def _forget_donors(jobs: QuerySet[Job]) -> int:
    found = list(jobs)
    Casting.objects.filter(job__in=found).delete()
    for job in found:
        Job.objects.filter(pk=job.pk).update(params=job.params | {"donor": AUTO})
    return len(found)


def _donors(scope: Scope) -> QuerySet[StudyDonor]:
    """Return the donors of people whose consent to versions ended, and of whom no other encounter is left."""
    if not _ends_all(scope):
        return StudyDonor.objects.none()
    within = Encounter.objects.filter(pk__in=scope.encounters)
    people = Q()
    for person in (scope.person,) if scope.person else ("doctor", "patient"):
        people |= Q(participant__in=within.values(person))
    return StudyDonor.objects.filter(people).exclude(_is_met_in(_left().exclude(pk__in=scope.encounters)))


def _left() -> QuerySet[Encounter]:
    """Return the encounters that may still be kept and were not erased."""
    erased = Q(reason__in=ERASED) & ~Q(pk__in=Recording.objects.values("encounter"))
    return Encounter.objects.exclude(keep_until__lt=timezone.localdate()).exclude(erased)


def _is_met_in(encounters: QuerySet[Encounter]) -> Q:
    return Q(participant__in=encounters.values("doctor")) | Q(participant__in=encounters.values("patient"))


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
    return [derived_dir(one.pk) / folder for one in _ended(scope) for folder in (STEPS, FOLDER)]


def _files() -> Iterator[Place]:
    for _, folder in entries("derived"):
        yield from (folder / FOLDER).glob("*.mp4")


HOLDER = Holder("deidjobs", preview, erase, remains, holding)
