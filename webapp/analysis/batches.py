"""Analysing everything in a study that a model has not looked at yet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from uuid import UUID

from webapp import engines
from webapp.analysis.models import AnalysisRun
from webapp.analysis.queries import KIND, purpose_of
from webapp.analysis.services import start_run
from webapp.core.errors import Conflict, Invalid
from webapp.jobs.batches import BATCH_PRIORITY, BatchPlan, queue_batch
from webapp.jobs.models import UNFINISHED, Batch, Job
from webapp.jobs.queries import live_workers, measured_speed
from webapp.jobs.services import Actor
from webapp.recordings.models import Camera, Recording, RecordingState
from webapp.recordings.queries import usable_for
from webapp.studies.models import Encounter, Site, Study
from webapp.studies.services import require_activity


@dataclass(kw_only=True)
class AnalysisPlan(BatchPlan):
    """What a model has left to do: each encounter of the study is in exactly one group."""

    model: str
    analysed: int = 0
    without_recording: int = 0


def plan_batch(study: Study, model: str, site: Site | None = None) -> AnalysisPlan:
    """Return what analysing everything that the model has not seen would mean. Changes nothing.

    site: where the person works, if at one site alone; what is of others is left out.
    Raises Invalid for an unknown model.
    """
    if model not in engines.known_models():
        raise Invalid(f"Expected a model of {', '.join(engines.known_models())}, got “{model[:40]}”.")
    of_model = Job.objects.filter(kind=KIND, params__model=model)
    plan = AnalysisPlan(model=model, workers=live_workers().count())
    plan.speed = measured_speed(of_model) or measured_speed(Job.objects.filter(kind=KIND))
    ready, usable = _ready_recordings(study), _usable_lengths(study)
    seen = _inputs_seen(study, model)
    in_work = set(of_model.filter(state__in=UNFINISHED).values_list("subject_id", flat=True))
    encounters = Encounter.objects.filter(study=study)
    here = encounters if site is None else encounters.filter(site=site)
    for pk in here.order_by("number").values_list("pk", flat=True):
        if pk not in ready:
            plan.without_recording += 1
        elif ready[pk] in seen.get(pk, ()):
            plan.analysed += 1
        elif pk in in_work:
            plan.in_work += 1
        elif pk not in usable:
            plan.without_consent += 1
        else:
            plan.to_do.append(pk)
            plan.media_s += usable[pk]
    return plan


def start_batch(*, study: Study, model: str, actor: Actor, site: Site | None = None) -> tuple[Batch, int]:
    """Queue what plan_batch gives now; return the batch and how many jobs it has.

    Raises Conflict when there is nothing to do, or the study's state does not allow it.
    """
    require_activity(study, "process")
    plan = plan_batch(study, model, site)
    if not plan.to_do:
        raise Conflict("There is nothing left to analyse with this model.")
    encounters = Encounter.objects.filter(pk__in=plan.to_do).select_related("study").iterator()

    def start(encounter: Encounter, batch: Batch) -> Job:
        return start_run(encounter=encounter, actor=actor, model=model, batch=batch, priority=BATCH_PRIORITY)

    return queue_batch(
        title=f"Analysis of {study.title} with {model}",
        study_id=study.pk,
        actor=actor,
        starts=(partial(start, encounter) for encounter in encounters),
    )


def _ready_recordings(study: Study) -> dict[UUID, frozenset[str]]:
    found: dict[UUID, set[str]] = {}
    ready = Recording.objects.filter(encounter__study=study, state=RecordingState.READY)
    for encounter, pk in ready.values_list("encounter_id", "pk"):
        found.setdefault(encounter, set()).add(str(pk))
    return {encounter: frozenset(recordings) for encounter, recordings in found.items()}


def _usable_lengths(study: Study) -> dict[UUID, float]:
    """Return, by encounter, the seconds of the recordings whose people agree to the analysis."""
    found: dict[UUID, float] = {}
    ready = Recording.objects.filter(encounter__study=study, state=RecordingState.READY)
    for camera in Camera.values:
        usable = usable_for(ready.filter(camera=camera), purpose_of(camera))
        for encounter, length_us in usable.values_list("encounter_id", "duration_us"):
            found[encounter] = found.get(encounter, 0.0) + (length_us or 0) / engines.SECOND_US
    return found


def _inputs_seen(study: Study, model: str) -> dict[UUID, set[frozenset[str]]]:
    """Return, by encounter, the sets of recordings that runs of the model rest on."""
    found: dict[UUID, set[frozenset[str]]] = {}
    runs = AnalysisRun.objects.filter(encounter__study=study, model=model).order_by()
    for encounter, inputs in runs.values_list("encounter_id", "inputs").iterator():
        recordings = frozenset(str(made_of["recording"]) for made_of in inputs.values())
        found.setdefault(encounter, set()).add(recordings)
    return found
