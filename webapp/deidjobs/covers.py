"""What a person draws over a recording, and the version that is made with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db import transaction

from webapp import engines
from webapp.core import audit
from webapp.core.errors import Conflict, Forbidden, Invalid
from webapp.deidjobs.means import k_of
from webapp.deidjobs.merging import merge
from webapp.deidjobs.models import Derivative, DrawnCover
from webapp.deidjobs.queries import KIND, covers_of, others_in, spans_of
from webapp.deidjobs.services import request_derivative
from webapp.jobs.models import UNFINISHED, Job
from webapp.jobs.services import Actor
from webapp.recordings.models import Recording

MOST = 300  # of one recording
HELD_BEFORE = (
    "Something is held before a face: the drawn face covers it, and what the face does there is a guess"
)


@dataclass(frozen=True)
class Sketch:
    """A cover as somebody's page holds it. pk: of a row that is unchanged, None for what is new.

    client_key: what the page calls it however often it is sent.
    """

    pk: int | None
    keys: list[Any]
    reason: str
    client_key: UUID | None = None


def cover_state(cover: DrawnCover) -> dict[str, Any]:
    """Return a cover as plain values, for whoever draws more."""
    return {
        "id": cover.pk,
        "keys": cover.keys,
        "reason": cover.reason,
        "drawn_by": str(cover.drawn_by),
        "drawn_at": cover.drawn_at,
        "client_key": None if cover.client_key is None else str(cover.client_key),
    }


def moments_of(derivative: Derivative) -> list[dict[str, Any]]:
    """Return where a person should look, and why. Times are in microseconds from the first frame."""
    report = derivative.report
    begins_ms = report.get("starts_ms", 0)
    found = [
        (gap["start_ms"], gap["end_ms"], "A face was not seen for a while"
         + (" and is covered" if gap["covered"] else " and is not covered throughout"))
        for gap in report.get("gaps_to_review", [])
    ]  # fmt: skip
    found += [(one["start_ms"], one["end_ms"], HELD_BEFORE) for one in report.get("held_before", [])]
    found += [
        (first, last, "Only the second detector saw a face, which is covered")
        for first, last in report.get("found_by_second_ms", [])
    ]
    found += [
        (at_ms, at_ms, "A face looks as it was") for at_ms in derivative.privacy.get("residual_at_ms", [])
    ]
    return [
        {"start_us": max(0, first - begins_ms) * 1000, "end_us": max(0, last - begins_ms) * 1000, "why": why}
        for first, last, why in sorted(found)
    ]


def people_at(derivative: Derivative) -> dict[int, int]:
    """Return by number when each person at whom the camera is not pointed is seen: in microseconds from the
    first frame, in the middle of their stay.
    """
    begins_ms = derivative.report.get("starts_ms", 0)
    middles = {one["track"]: (one["first_ms"] + one["last_ms"]) // 2 for one in others_in(derivative)}
    return {track: max(0, at_ms - begins_ms) * 1000 for track, at_ms in middles.items()}


@transaction.atomic
def save_covers(
    *,
    derivative: Derivative,
    actor: Actor,
    known: Sequence[int],
    sketches: Sequence[Sketch],
    tried: Sequence[UUID] = (),
) -> list[DrawnCover]:
    """Make the covers of a recording those of somebody's page; return what there is then.

    known: the rows that the page began with; what somebody else drew meanwhile stays. tried: what the page
    sent before without getting an answer. Raises Invalid for what is no cover of this recording, and for too
    many.
    """
    author = getattr(actor, "pk", None)
    if author is None:
        raise Forbidden
    recording = Recording.objects.select_for_update().get(pk=derivative.recording_id)
    checked = [replace(one, keys=_keys_of(recording, one.keys)) for one in sketches]
    rows = DrawnCover.objects.filter(recording=recording)
    removed, drawn = merge(rows, checked, known=known, tried=tried, author_id=author, is_same=_is_same)
    for client_key, one in drawn:
        DrawnCover.objects.create(
            recording=recording,
            drawn_on=derivative,
            keys=one.keys,
            reason=one.reason,
            client_key=client_key,
            drawn_by_id=author,
        )
    there = covers_of(recording).count()
    if there > MOST:
        raise Invalid(f"Expected at most {MOST} covers on one recording, got {there}.")
    if removed or drawn:
        audit.record(
            actor=actor,
            action="covers.saved",
            target=derivative,
            study_id=derivative.recording.encounter.study_id,
            details={"drawn": len(drawn), "removed": removed},
        )
    return list(covers_of(recording))


def _is_same(row: DrawnCover, one: Sketch) -> bool:
    return (row.keys, row.reason) == (one.keys, one.reason)


def check_box(recording: Recording, box_px: list[float]) -> None:
    """Raise Invalid for a rectangle that does not lie on the picture, or is larger than it."""
    _keys_of(recording, [[0, box_px]])
    left, top, right, bottom = box_px
    if right - left > (recording.width or 0) or bottom - top > (recording.height or 0):
        raise Invalid("Expected a rectangle that is no larger than the picture.")


def _keys_of(recording: Recording, keys: list[Any]) -> list[Any]:
    """Return the keys of a cover as the engine understood them. Raises Invalid."""
    cover = engines.check_cover(
        keys,
        duration_us=recording.duration_us or 0,
        size_wh=(recording.width or 0, recording.height or 0),
    )
    return [[time_us, list(box)] for time_us, box in cover]


@transaction.atomic
def request_another(
    *,
    derivative: Derivative,
    actor: Actor,
    audio: str = "",
    neutral_s: float | None = None,
    exempt: Sequence[int] = (),
    exempt_reason: str = "",
) -> Job:
    """Queue a version like this one with all covers that are drawn and spans that are marked now, a calm
    moment and exemptions. audio: what becomes of the sound, as in this version when empty.

    Raises Conflict when this is just that version or one is being made, and what request_derivative raises.
    """
    recording = Recording.objects.select_for_update(of=("self",)).get(pk=derivative.recording_id)
    covers = list(covers_of(recording).values_list("pk", flat=True))
    audio = audio or derivative.audio
    spans = sorted(spans_of(recording).values_list("pk", flat=True)) if audio == engines.MARKED else []
    wanted = (covers, sorted(exempt), neutral_s, audio, spans)
    if _made_with(derivative) == wanted:
        raise Conflict("This version has just these covers already. Draw one or remove one first.")
    making = Job.objects.filter(kind=KIND, state__in=UNFINISHED, params__recording=str(recording.pk))
    if any(_asked_of(other) == wanted for other in making.filter(params__method=derivative.method)):
        raise Conflict("A version with these covers is being made already.")
    return request_derivative(
        recording=derivative.recording,
        actor=actor,
        method=derivative.method,
        audio=audio,
        k=k_of(derivative),
        donor="auto",  # the person keeps theirs
        exempt=exempt,
        exempt_reason=exempt_reason,
        neutral_s=neutral_s,
        covers=covers,
        based_on=derivative,
    )


def _made_with(derivative: Derivative) -> tuple[Any, ...]:
    recipe = derivative.recipe
    return (
        recipe.get("cover_rows", []),
        sorted(recipe.get("exempt", [])),
        recipe.get("neutral_s"),
        derivative.audio,
        recipe.get("span_rows", []),
    )


def _asked_of(job: Job) -> tuple[Any, ...]:
    said = job.params
    return (
        said.get("covers", []),
        said.get("exempt", []),
        said.get("neutral_s"),
        said["audio"],
        said.get("spans", []),
    )
