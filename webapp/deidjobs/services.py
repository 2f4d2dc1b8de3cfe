"""Asking for de-identified versions, writing what came out, and signing it off."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from webapp import engines
from webapp.core import audit
from webapp.core.errors import Conflict, ConsentMissing, Forbidden, Invalid
from webapp.core.media_root import remove
from webapp.deidjobs import means
from webapp.deidjobs.donors import claim_donor
from webapp.deidjobs.models import Derivative, Review
from webapp.deidjobs.queries import (
    KIND,
    NOTHING_MARKED,
    NUMBERED_ANEW,
    PURPOSE,
    UNEXPLAINED,
    VOICELESS,
    may_be_hidden,
    others_in,
    spans_of,
)
from webapp.deidjobs.storage import has_parts, steps_dir
from webapp.engines import HiddenVideo
from webapp.jobs.models import Batch, Job
from webapp.jobs.services import Actor, create_job
from webapp.recordings.models import Recording
from webapp.studies.services import require_activity

SEED_BYTES = 6


def check_choice(*, method: str, audio: str, donor: str = "auto") -> None:
    """Raise Invalid for a method, sound or donor that does not exist."""
    for value, known in ((method, engines.known_methods()), (audio, engines.known_sounds())):
        if value not in known:
            raise Invalid(f"Expected one of {', '.join(known)}, got “{value[:40]}”.")
    if donor != "auto" and donor not in engines.donors_of_people():
        raise Invalid(f"Expected a donor for people of a study or auto, got “{donor[:40]}”.")


@transaction.atomic
def request_derivative(
    *,
    recording: Recording,
    actor: Actor,
    method: str,
    audio: str,
    donor: str,
    covers: Sequence[int] = (),
    neutral_s: float | None = None,
    exempt: Sequence[int] = (),
    exempt_reason: str = "",
    based_on: Derivative | None = None,
    k: int | None = None,
    batch: Batch | None = None,
    priority: int = 0,
) -> Job:
    """Queue the de-identification of one recording.

    covers: rows of DrawnCover. Spans of the sound are those that are marked now. neutral_s: when the face is
    calm. exempt, exempt_reason: tracks that are left as they are, and why. based_on: a version whose parts
    are used again where they are the same. k: of how many other participants the face is made, None for a
    rendered one. Raises Invalid for a method, sound or donor that does not exist, a sound in which nothing is
    marked, an exemption without a reason or too few others, ConsentMissing, and Conflict when the study's
    state does not allow it.
    """
    check_choice(method=method, audio=audio, donor=donor)
    if k is not None and (method != means.METHOD or donor != "auto"):
        raise Invalid("An average of several people is drawn by swap alone, and is nobody's donor.")
    _check_exempt(exempt, exempt_reason, based_on)
    require_activity(recording.encounter.study, "process")
    if not may_be_hidden(recording, audio):
        raise ConsentMissing(
            "Doctor and patient have not both consented to sharing a de-identified version"
            + ("." if audio in VOICELESS else " with its sound.")
        )
    spans = _marked(recording) if audio == engines.MARKED else []
    if donor != "auto" and method in engines.donor_methods():
        claim_donor(recording=recording, donor=donor, actor=actor)
    return create_job(
        kind=KIND,
        params={
            "recording": str(recording.pk),
            "camera": recording.camera,
            "method": method,
            "audio": audio,
            "donor": donor,
        }
        | _further(covers, spans, neutral_s, exempt, exempt_reason)
        | ({} if k is None else {"look": means.look_asked_for(recording, k)})
        | ({} if based_on is None else {"based_on": str(based_on.job_id)}),
        subject_id=recording.encounter_id,
        requested_by=actor,
        study_id=recording.encounter.study_id,
        purpose=PURPOSE,
        batch=batch,
        priority=priority,
    )


def _check_exempt(exempt: Sequence[int], reason: str, based_on: Derivative | None) -> None:
    """Raise Invalid unless those who are left as they are were seen in a version, are not the camera's own
    person, who agreed to be shared de-identified only, and there is a reason. A number says who is meant
    only as long as the faces of that version are kept.
    """
    if not exempt:
        return
    known = {one["track"] for one in others_in(based_on)} if based_on is not None else set()
    if not set(exempt) <= known:
        raise Invalid("Only people at whom the camera is not pointed can be left as they are.")
    assert based_on is not None
    if not has_parts(based_on):
        raise Invalid(NUMBERED_ANEW)
    if not reason.strip():
        raise Invalid(UNEXPLAINED)


def _marked(recording: Recording) -> list[int]:
    """Return the spans that are marked now. Raises Invalid without any: all of the sound would be heard."""
    found = list(spans_of(recording).values_list("pk", flat=True))
    if not found:
        raise Invalid(f"{recording}: {NOTHING_MARKED}")
    return found


def _further(
    covers: Sequence[int],
    spans: Sequence[int],
    neutral_s: float | None,
    exempt: Sequence[int],
    exempt_reason: str,
) -> dict[str, Any]:
    """Return what was asked for beyond the usual, as parameters of a job."""
    said: dict[str, Any] = {
        "covers": sorted(covers),
        "spans": sorted(spans),
        "neutral_s": neutral_s,
        "exempt": sorted(exempt),
    }
    if exempt:
        said["exempt_reason"] = exempt_reason
    return {name: value for name, value in said.items() if value not in (None, [])}


def seed_of(recording: Recording) -> int:
    """Return what donors are drawn from: the same for a person throughout a study, and not to be guessed."""
    encounter = recording.encounter
    person = encounter.patient_id if recording.camera == "patient" else encounter.doctor_id
    message = f"donor:{encounter.study_id}:{person}".encode()
    digest = hmac.new(settings.SECRET_KEY.encode(), message, hashlib.sha256).digest()
    return int.from_bytes(digest[:SEED_BYTES], "big")


def write_derivative(*, recording: Recording, job: Job, pk: UUID, hidden: HiddenVideo) -> Derivative:
    """Write a version. Call inside the transaction that ends the job.

    Raises AppError when its face is one that somebody else of the study was given meanwhile.
    """
    left = _left_to_look_at(job)
    derivative = Derivative.objects.create(
        id=pk,
        recording=recording,
        job=job,
        method=job.params["method"],
        audio=job.params["audio"],
        recipe=hidden.recipe
        | {"original_sha256": recording.sha256, "exempt_reason": job.params.get("exempt_reason", "")}
        | {"cover_rows": job.params.get("covers", []), "span_rows": job.params.get("spans", [])},
        report=hidden.report,
        privacy=hidden.privacy,
        expression=hidden.expression,
        media=hidden.media,
        verdict="review" if left and hidden.verdict == "pass" else hidden.verdict,
        reasons=[*hidden.reasons, *left],
        limits=hidden.limits,
        sha256=hidden.sha256,
        size_bytes=hidden.size_bytes,
        requested_by=job.requested_by,
        finished_at=timezone.now(),
    )
    look = means.write_members(derivative, job)
    audit.record(
        actor=job.requested_by,
        action="derivative.written",
        target=derivative,
        study_id=recording.encounter.study_id,
        details={"method": derivative.method, "verdict": derivative.verdict} | look,
    )
    return derivative


def _left_to_look_at(job: Job) -> list[str]:
    """Return why a person has to look whatever the audit says: what it cannot know is asked for."""
    shown, spans = len(job.params.get("exempt", [])), len(job.params.get("spans", []))
    who = "1 person was" if shown == 1 else f"{shown} people were"
    where = "1 marked span" if spans == 1 else f"{spans} marked spans"
    left = [f"{who} left as they are: look at all of it"] if shown else []
    if spans:
        left.append(f"all sound outside of {where} is heard, with its voices: listen to all of it")
    return left


@transaction.atomic
def review_derivative(*, derivative: Derivative, actor: Actor, decision: str, reason: str) -> Review:
    """Sign a version off or refuse it. Raises Forbidden for the person who asked for it, Conflict when an
    audit that failed, or of whose face somebody has withdrawn, would be approved.
    """
    reviewer_id = getattr(actor, "pk", None)
    if reviewer_id is None or reviewer_id == derivative.requested_by_id:
        raise Forbidden("A second person signs off, not the one who asked for this version.")
    if decision == Review.Decision.APPROVED and derivative.verdict == "fail":
        raise Conflict("The audit failed, so this version cannot be approved. Make another one.")
    if decision == Review.Decision.APPROVED and means.is_barred(derivative):
        raise Conflict(means.BARRED)
    review = Review.objects.create(
        derivative=derivative, decision=decision, reason=reason, reviewer_id=reviewer_id
    )
    if decision == Review.Decision.APPROVED and derivative.job_id is not None:
        parts = steps_dir(derivative.recording_id, derivative.job_id)
        transaction.on_commit(partial(remove, parts), robust=True)  # nothing will be made from them
    audit.record(
        actor=actor,
        action=f"derivative.{decision}",
        target=derivative,
        study_id=derivative.recording.encounter.study_id,
    )
    return review
