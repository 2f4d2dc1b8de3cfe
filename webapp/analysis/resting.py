"""Choosing a person's face at rest, and taking that back.

The calibrated rows follow from the raw ones, which stay, and from the choice; so they are computed when asked
for, and nothing needs to be analysed again.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from webapp import engines
from webapp.analysis.models import RestingChoice
from webapp.analysis.queries import is_current, latest_run, resting_choices
from webapp.analysis.showing import shown_to
from webapp.analysis.timelines import lanes_of
from webapp.core import audit
from webapp.core.errors import Conflict, Forbidden, Invalid
from webapp.recordings.models import Recording
from webapp.studies.access import Someone
from webapp.studies.models import Encounter

MIDDLE = 0.5  # of a second, so that rounding does not lead to the one before


@transaction.atomic
def choose_resting_face(
    *, encounter: Encounter, actor: Someone, camera: str, second: int | None
) -> RestingChoice:
    """Say when a person's face is at rest. Raises Forbidden for a person whom the actor may not see, Invalid
    when their seconds do not tell, and Conflict without a run of the recordings that are there now.
    """
    run = latest_run(encounter)
    if run is None or not is_current(run):
        raise Conflict("The people are still being found. Wait for the analysis.", code="not_analysed")
    _require_shown(actor, encounter, camera)
    rows = lanes_of(run, actor).get((camera, camera), [])
    if not rows or engines.calibrate(rows, second=second, duration_s=len(rows)) is None:
        raise Invalid(
            "There are no five quiet seconds in a row within the first two minutes. Choose a moment yourself."
            if second is None
            else "No expression was classified at that moment or a second beside it. Choose another one."
        )
    recording = Recording.objects.select_for_update().get(pk=run.inputs[camera]["recording"])
    _undo(recording, actor)
    at_ms = None if second is None else round(1000 * run.own_s(camera, second + MIDDLE))
    made = RestingChoice.objects.create(recording=recording, at_ms=at_ms, made_by_id=actor.pk)
    _trace(actor, "analysis.resting_face_chosen", recording, encounter)
    return made


@transaction.atomic
def forget_resting_face(*, encounter: Encounter, actor: Someone, camera: str) -> None:
    """Let the seconds count as they were classified. Raises Forbidden as above, Conflict if they do."""
    _require_shown(actor, encounter, camera)
    run = latest_run(encounter)
    choice = resting_choices(run).get(camera) if run else None
    if choice is None or not _undo(choice.recording, actor):
        raise Conflict("This was undone already.", code="already_undone")
    _trace(actor, "analysis.resting_face_forgotten", choice.recording, encounter)


def _require_shown(actor: Someone, encounter: Encounter, camera: str) -> None:
    if camera not in shown_to(actor, encounter).cameras:
        raise Forbidden(f"The expression of the {camera} may not be seen, so it cannot be calibrated.")


def _undo(recording: Recording, actor: Someone) -> int:
    standing = RestingChoice.objects.filter(recording=recording, undone_at=None)
    return standing.update(undone_at=timezone.now(), undone_by_id=actor.pk)


def _trace(actor: Someone, action: str, target: Recording, encounter: Encounter) -> None:
    details = {"camera": target.camera}
    audit.record(actor=actor, action=action, target=target, study_id=encounter.study_id, details=details)
