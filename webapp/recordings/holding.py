"""What this app erases when consent ends: originals, posters, everything derived, and what is on its way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from webapp.consent.holders import Effect, Erased, Holder, Scope
from webapp.consent.models import Purpose
from webapp.recordings import storage
from webapp.recordings.models import MediaKey, Recording, Upload
from webapp.recordings.queries import usable_for
from webapp.studies.models import Encounter

WHY = "Without consent to the recording nothing of it may be kept; it shows and sounds like both people."
KIND = "recording with its files"


def recordings_in(scope: Scope) -> QuerySet[Recording]:
    """Return the recordings that must go: older than the end of consent, or still without it."""
    if Purpose.RECORD not in scope.purposes:
        return Recording.objects.none()
    found = Recording.objects.filter(encounter__in=scope.encounters)
    allowed = usable_for(Recording.objects.all(), Purpose.RECORD)
    return found.filter(Q(created_at__lte=scope.ended_at) | ~Q(pk__in=allowed.values("pk")))


def uploads_in(scope: Scope) -> QuerySet[Upload]:
    if Purpose.RECORD not in scope.purposes:
        return Upload.objects.none()
    found = Upload.objects.filter(encounter__in=scope.encounters)
    return found.filter(
        Q(created_at__lte=scope.ended_at) | Q(recording__in=recordings_in(scope).values("pk"))
    )


def preview(scope: Scope) -> Iterator[Effect]:
    recordings, unfinished = recordings_in(scope).count(), uploads_in(scope).filter(finished=False).count()
    yield Effect("delete", "camera recordings with their posters and derived files", recordings, WHY)
    yield Effect("delete", "uploads on their way", unfinished, WHY)
    if Purpose.RECORD not in scope.purposes:
        kept = Recording.objects.filter(encounter__in=scope.encounters).count()
        yield Effect("keep", "camera recordings", kept, "Consent to the recording itself stays.")


def erase(scope: Scope) -> list[Erased]:
    """Delete rows, and the keys with them, at once and files after the commit."""
    recordings, uploads = list(recordings_in(scope)), list(uploads_in(scope))
    gone = [Erased(KIND, str(one.pk), one.sha256, one.size_bytes) for one in recordings]
    gone += [Erased("upload", str(one.pk), size_bytes=one.offset) for one in uploads]
    keys = MediaKey.objects.filter(Q(recording__in=recordings) | Q(upload__in=uploads))
    gone += [Erased("encryption key", str(pk)) for pk in keys.values_list("pk", flat=True)]
    folders, files = [one.pk for one in recordings], [one.pk for one in uploads]
    Upload.objects.filter(pk__in=files).delete()
    Recording.objects.filter(pk__in=folders).delete()
    transaction.on_commit(lambda: _delete_files(folders, files), robust=True)
    return gone


def remains(scope: Scope, erased: frozenset[str]) -> Iterator[str]:
    """Look at rows and then at every folder of the storage for a name of what was erased."""
    rows = recordings_in(scope).count() + uploads_in(scope).count()
    if rows:
        yield f"{rows} recordings or uploads are still in the database"
    if keys := MediaKey.objects.filter(pk__in=erased).count():
        yield f"{keys} encryption keys are still in the database"
    for kind, path in storage.entries_named(erased):
        yield f"a file or folder of {path.stem} is still in {kind}"
        storage.remove(path)


def holding(encounters: QuerySet[Encounter]) -> QuerySet[Encounter]:
    return Encounter.objects.filter(
        Q(pk__in=Recording.objects.filter(encounter__in=encounters).values("encounter"))
        | Q(pk__in=Upload.objects.filter(encounter__in=encounters).values("encounter"))
    )


def _delete_files(recordings: Iterable[UUID], uploads: Iterable[UUID]) -> None:
    for upload in uploads:
        storage.remove(storage.upload_file(upload))
    for recording in recordings:
        storage.delete_files(recording)


HOLDER = Holder("recordings", preview, erase, remains, holding)
