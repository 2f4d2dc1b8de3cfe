"""Identity embeddings of the two people of an encounter, which stay with a run only where the study asks.

They lie beside what else is derived from a recording, encrypted like it, and go with it. A file is written
once its run is committed, under the locks of the run and the study: whoever ends consent or the wish, or
says otherwise who is who, comes before, and then nothing is written, or after, and then it is removed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any, Final
from uuid import UUID

import structlog
from django.core.cache import cache
from django.db import transaction

from webapp.accounts.models import User
from webapp.analysis.models import AnalysisRun, IdentityWish
from webapp.analysis.queries import may_be_analysed, rests_on_what_is_said
from webapp.core import audit
from webapp.core.encrypted_path import Place, StoredFile
from webapp.core.errors import Conflict, Invalid
from webapp.engines import Identity
from webapp.jobs.services import Actor
from webapp.recordings import storage
from webapp.recordings.models import Recording
from webapp.recordings.queries import ready_recordings
from webapp.recordings.sweeping import LOOK_FOR_ORPHANS_EVERY_S
from webapp.studies.models import Study
from webapp.studies.protocol import return_to_review
from webapp.studies.services import require_activity
from webapp.studies.states import REVIEWED

FOLDER: Final = "identities"
log = structlog.get_logger(__name__)


def newest_wish(study_id: int) -> IdentityWish | None:
    return IdentityWish.objects.filter(study=study_id).select_related("set_by").first()


def keeps_identities(study_id: int) -> bool:
    """Return whether the study asks at this moment to keep identity embeddings."""
    wish = newest_wish(study_id)
    return wish is not None and wish.is_kept


def adds_identities(study_id: int) -> bool:
    """Return whether new ones are kept at this moment: not before somebody has approved that they are."""
    is_approved = Study.objects.filter(pk=study_id, state__in=REVIEWED).exists()
    return is_approved and keeps_identities(study_id)


@transaction.atomic
def set_wish(*, study: Study, actor: User, is_kept: bool, reason: str) -> IdentityWish:
    """Say whether identity embeddings stay; what is kept goes when they do not.

    A study that asks for them returns to review. Raises Invalid without a reason, Conflict when it is so
    already, and for an archived study that asks for them.
    """
    Study.objects.select_for_update().get(pk=study.pk)
    if not reason.strip():
        raise Invalid("Say why.")
    if keeps_identities(study.pk) == is_kept:
        raise Conflict("It is so already. Reload the page.")
    if is_kept:
        require_activity(study, "process")
    wish = IdentityWish.objects.create(study=study, is_kept=is_kept, reason=reason, set_by=actor)
    audit.record(
        actor=actor, action="identities.wished", target=wish, study_id=study.pk, details={"is_kept": is_kept}
    )
    if is_kept:
        return_to_review(actor=actor, study=study, because="identity embeddings")
    else:
        transaction.on_commit(partial(_remove_all, study.pk), robust=True)
    return wish


@transaction.atomic
def keep(run_id: UUID, found: Mapping[str, Identity]) -> None:
    """Write what was found with a run, of everybody who agrees now, where the study asks for it now and is
    approved.
    """
    runs = AnalysisRun.objects.select_for_update(of=("self",)).select_related("encounter")
    run = runs.filter(pk=run_id).first()
    if run is None:
        return
    Study.objects.select_for_update().get(pk=run.encounter.study_id)
    if not adds_identities(run.encounter.study_id):
        return
    for recording in _recordings_of(run):
        if recording.camera in found and _may_stay(run, recording):
            _write(recording, run, found[recording.camera])


def forget_person(recording: Recording) -> None:
    """Remove what is kept of a recording once the transaction that is open says otherwise who is who: it may
    be somebody else's. The next analysis finds it anew.
    """
    Study.objects.select_for_update().get(pk=recording.encounter.study_id)
    transaction.on_commit(partial(storage.remove, folder_of(recording.pk)), robust=True)


def identities_of(run: AnalysisRun) -> dict[str, dict[str, Any]]:
    """Return by camera what is kept with a run, of those who agree now, unless somebody has said since who
    is who. Raises MediaLocked, DamagedFile.
    """
    if not keeps_identities(run.encounter.study_id):
        return {}
    found = {}
    for recording in _recordings_of(run):
        stored = storage.derived(recording.pk, _name(run))
        if _may_stay(run, recording) and stored.is_file():
            with stored.open("rb") as file:
                found[recording.camera] = json.loads(file.read())
    return found


@transaction.atomic
def record_export(*, run: AnalysisRun, actor: Actor, cameras: list[str]) -> None:
    """Leave a trace of who took identity embeddings out of the site."""
    audit.record(
        actor=actor,
        action="identities.exported",
        target=run,
        study_id=run.encounter.study_id,
        details={"cameras": cameras},
    )


def folder_of(recording_id: UUID) -> Place:
    return storage.derived_dir(recording_id) / FOLDER


def kept_files(recording_ids: list[UUID]) -> int:
    """Return how many files of embeddings lie with some recordings."""
    return sum(1 for pk in recording_ids for _ in folder_of(pk).glob("[!.]*"))


def count_kept(study: Study) -> int:
    """Return how many files of embeddings lie with the recordings of a study."""
    return kept_files(list(Recording.objects.filter(encounter__study=study).values_list("pk", flat=True)))


def sweep_identities() -> None:
    """Remove what no study asks for any more, or whose run is gone or corrected; looks once an hour."""
    if not cache.add("identities-swept", True, LOOK_FOR_ORPHANS_EVERY_S):
        return
    for recording_id, folder in storage.entries("derived"):
        for path in _unwanted(recording_id, folder / FOLDER):
            log.warning("orphan_deleted", kind=FOLDER, recording_id=str(recording_id))
            storage.remove(path)


def _unwanted(recording_id: UUID, folder: Place) -> Iterator[Place]:
    """Yield the folder, or those of its files that nobody needs."""
    if not folder.is_dir():
        return
    recording = Recording.objects.filter(pk=recording_id).select_related("encounter").first()
    if recording is None or not keeps_identities(recording.encounter.study_id):
        yield folder
        return
    paths: list[Place] = list(folder.glob("[!.]*"))  # before the runs, for a run is there before its file
    runs = AnalysisRun.objects.filter(encounter=recording.encounter_id)
    known = {str(run.pk) for run in runs if rests_on_what_is_said(run, recording)}
    yield from (path for path in paths if path.stem not in known)


def _may_stay(run: AnalysisRun, recording: Recording) -> bool:
    return may_be_analysed(run.encounter, recording.camera) and rests_on_what_is_said(run, recording)


def _recordings_of(run: AnalysisRun) -> list[Recording]:
    """Return those of the recordings that a run rests on which are still the encounter's."""
    of_run = {made_of.get("recording") for made_of in run.inputs.values()}
    return [one for one in ready_recordings(run.encounter) if str(one.pk) in of_run]


def _write(recording: Recording, run: AnalysisRun, found: Identity) -> None:
    stored: StoredFile = storage.new_derived(recording.pk, _name(run))
    stored.parent.mkdir(parents=True, exist_ok=True)
    temporary = stored.with_name(f".{stored.name}.part")
    with temporary.open("wb") as sink:
        sink.write(json.dumps({"role": recording.camera, **asdict(found)}).encode())
    temporary.replace(stored)  # type: ignore[arg-type]  # both lie in the same storage


def _remove_all(study_id: int) -> None:
    if keeps_identities(study_id):
        return  # asked for again meanwhile
    for pk in Recording.objects.filter(encounter__study=study_id).values_list("pk", flat=True):
        storage.remove(folder_of(pk))


def _name(run: AnalysisRun) -> str:
    return f"{FOLDER}/{run.pk}.json"
