"""The other people of a study, among whom a hidden person must not be found."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Final
from uuid import UUID

from webapp import engines
from webapp.core.encrypted_path import StoredFile
from webapp.core.master_keys import MediaLocked
from webapp.deidjobs.queries import PURPOSE
from webapp.recordings import storage
from webapp.recordings.models import Recording, RecordingState
from webapp.recordings.queries import usable_for

MOST_OTHERS: Final = 12  # each is looked at and hidden once, which a large study must not make longer
ASK_CONSENT_EVERY_S = 3.0


class Others:
    """One recording each of other people in the study, for as long as they agree that theirs is hidden and
    shared. What is read of them is forgotten with the audit; what cannot be read is left out.
    """

    def __init__(self, recording: Recording) -> None:
        self._files = dict(_openable(_chosen(recording)))
        self._asked_s = time.monotonic()
        self._left = False

    @property
    def files(self) -> tuple[StoredFile, ...]:
        return tuple(self._files.values())

    def left(self) -> bool:
        """Return whether one of them does not agree any more; asks the database every few seconds."""
        if not self._left and time.monotonic() - self._asked_s >= ASK_CONSENT_EVERY_S:
            self._asked_s = time.monotonic()
            self._left = len(self._agreeing()) < len(self._files)
        return self._left

    def drop_lost(self) -> bool:
        """Leave out whoever does not agree any more or whose file cannot be read; return whether there was
        one.
        """
        before, agreeing = len(self._files), self._agreeing()
        self._files = {
            pk: file for pk, file in self._files.items() if pk in agreeing and engines.is_readable(file)
        }
        self._left = False
        return len(self._files) < before

    def _agreeing(self) -> set[UUID]:
        ready = Recording.objects.filter(pk__in=self._files, state=RecordingState.READY)
        return set(usable_for(ready, PURPOSE).values_list("pk", flat=True))


def _chosen(recording: Recording) -> list[Recording]:
    encounter = recording.encounter
    ready = Recording.objects.filter(encounter__study=encounter.study_id, state=RecordingState.READY)
    found: dict[int, Recording] = {}
    in_order = usable_for(ready, PURPOSE).select_related("encounter").order_by("encounter__number", "camera")
    for one in in_order.iterator():
        person = _shown_in(one)
        if person not in (encounter.patient_id, encounter.doctor_id):
            found.setdefault(person, one)
        if len(found) == MOST_OTHERS:
            break
    return list(found.values())


def _openable(recordings: list[Recording]) -> Iterator[tuple[UUID, StoredFile]]:
    for one in recordings:
        with suppress(MediaLocked):
            yield one.pk, storage.original(one)


def _shown_in(recording: Recording) -> int:
    encounter = recording.encounter
    return encounter.patient_id if recording.camera == "patient" else encounter.doctor_id
