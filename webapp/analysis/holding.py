"""What this app erases when consent ends: whole runs with the recordings, or the readings of one person."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from django.db import transaction
from django.db.models import QuerySet

from webapp.analysis.identities import FOLDER, folder_of, kept_files
from webapp.analysis.models import AnalysisRun, FaceObservation, PersonCorrection, RestingChoice, SecondRow
from webapp.analysis.queries import may_be_analysed, purpose_of
from webapp.analysis.timelines import EMOTIONS, WITHHELD, withheld_summary
from webapp.consent.holders import Effect, Erased, Holder, Scope
from webapp.consent.models import Purpose
from webapp.core.encrypted_path import Place
from webapp.recordings import storage
from webapp.recordings.models import Camera, Recording
from webapp.recordings.queries import consents_to
from webapp.studies.models import Encounter

_IN_FOLDERS = {"samples": "face samples", FOLDER: "identity embeddings"}
_EMPTIED = dict.fromkeys(("track", "emotion", "confidence", *EMOTIONS, "valence", "arousal"))


def preview(scope: Scope) -> Iterator[Effect]:
    runs = AnalysisRun.objects.filter(encounter__in=scope.encounters)
    if Purpose.RECORD in scope.purposes:
        seconds = SecondRow.objects.filter(run__in=runs).count()
        yield Effect("delete", "analysis runs", runs.count(), f"They hold {seconds:,} classified seconds.")
        return
    if scope.ends(Purpose.SHOW_DOCTOR, Camera.DOCTOR) and Camera.DOCTOR not in _ended_cameras(scope):
        why = "From now on they are shown to the doctor alone."
        yield Effect("keep", "classified seconds of the doctor", _readings(runs, Camera.DOCTOR).count(), why)
    for camera in _ended_cameras(scope):
        why = "With all faces and face measurements; the seconds then say that consent is withheld."
        yield Effect("delete", f"classified seconds of the {camera}", _readings(runs, camera).count(), why)
        if kept := kept_files([one.pk for one in _all_recordings(scope, camera)]):
            yield Effect("delete", f"identity embeddings of the {camera}", kept, "The study asked for them.")
        yield Effect("keep", "analysis runs, for the other person", runs.count(), "Their consent stays.")


def erase(scope: Scope) -> list[Erased]:
    if Purpose.RECORD in scope.purposes:
        return _erase_runs(scope)
    return [gone for camera in _ended_cameras(scope) for gone in _erase_camera(scope, camera)]


def remains(scope: Scope, _erased: frozenset[str]) -> Iterator[str]:
    if Purpose.RECORD in scope.purposes:
        if left := len(_runs_to_erase(scope)):
            yield f"{left} analysis runs are still in the database"
        return
    for camera in _ended_cameras(scope):
        runs = [run.pk for run in _runs_of_camera(scope, camera)]
        if left := _readings(AnalysisRun.objects.filter(pk__in=runs), camera).count():
            yield f"{left} classified seconds of the {camera} are still in the database"
        for folder in _samples(scope, camera):
            if folder.exists():
                yield f"{_IN_FOLDERS[folder.name]} of the {camera} are still in the storage"
                storage.remove(folder)


def holding(encounters: QuerySet[Encounter]) -> QuerySet[Encounter]:
    runs = AnalysisRun.objects.filter(encounter__in=encounters)
    return Encounter.objects.filter(pk__in=runs.values("encounter"))


def _erase_runs(scope: Scope) -> list[Erased]:
    runs = _runs_to_erase(scope)
    gone = [Erased("analysis run", str(run.pk)) for run in runs]
    AnalysisRun.objects.filter(pk__in=[run.pk for run in runs]).delete()
    return gone


def _runs_to_erase(scope: Scope) -> list[AnalysisRun]:
    """Return the runs from before the end of consent, or whose recording is not consented to now."""
    runs = AnalysisRun.objects.filter(encounter__in=scope.encounters).select_related("encounter")
    return [
        run
        for run in runs
        if run.finished_at <= scope.ended_at or not consents_to(run.encounter, Purpose.RECORD)
    ]


def _ended_cameras(scope: Scope) -> list[str]:
    return [camera for camera in Camera.values if scope.ends(purpose_of(camera), camera)]


def _readings(runs: QuerySet[AnalysisRun], camera: str) -> QuerySet[SecondRow]:
    return SecondRow.objects.filter(run__in=runs, camera=camera).exclude(status=WITHHELD)


def _runs_of_camera(scope: Scope, camera: str) -> list[AnalysisRun]:
    runs = AnalysisRun.objects.filter(encounter__in=scope.encounters).select_related("encounter")
    return [
        run
        for run in runs.select_for_update(of=("self",))
        if run.finished_at <= scope.ended_at or not may_be_analysed(run.encounter, camera)
    ]


def _erase_camera(scope: Scope, camera: str) -> Iterator[Erased]:
    for run in _runs_of_camera(scope, camera):
        rows = SecondRow.objects.filter(run=run, camera=camera)
        emptied = rows.exclude(status=WITHHELD).update(
            status=WITHHELD, frames_sampled=0, frames_detected=0, **_EMPTIED
        )
        FaceObservation.objects.filter(run=run, camera=camera).delete()
        if camera in run.summary.get("cameras", {}):
            withheld = {"roles": {camera: withheld_summary(rows.count())}, "people": []}
            run.summary["cameras"][camera] = withheld
            run.summary |= {"suggestions": [], "mirroring": []}
            run.save(update_fields=["summary"])
        if emptied:
            yield Erased(f"classified seconds of the {camera}", str(run.pk), count=emptied)
    for kind in (PersonCorrection, RestingChoice):
        said = kind.objects.filter(recording__in=_recordings(scope, camera))
        for one in said:
            yield Erased(f"what was said by hand about the {camera}", str(one.pk))
        said.delete()
    ended = _recordings(scope, camera)
    if kept := kept_files([one.pk for one in ended]):
        yield Erased(f"identity embeddings of the {camera}", "", count=kept)
    for folder in _samples(scope, camera):
        transaction.on_commit(partial(storage.remove, folder), robust=True)


def _all_recordings(scope: Scope, camera: str) -> QuerySet[Recording]:
    found = Recording.objects.filter(encounter__in=scope.encounters, camera=camera)
    return found.select_related("encounter")


def _recordings(scope: Scope, camera: str) -> list[Recording]:
    """Return the recordings of a camera whose consent to the analysis is gone now."""
    return [one for one in _all_recordings(scope, camera) if not may_be_analysed(one.encounter, camera)]


def _samples(scope: Scope, camera: str) -> list[Place]:
    """Return where faces of those recordings lie, and how they are told from others."""
    recordings = _recordings(scope, camera)
    return [
        *(storage.derived_dir(recording.pk) / "samples" for recording in recordings),
        *(folder_of(recording.pk) for recording in recordings),
    ]


HOLDER = Holder("analysis", preview, erase, remains, holding)
