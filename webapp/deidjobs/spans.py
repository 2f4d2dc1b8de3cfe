"""Spans of a recording's sound that people mark, because a name or a place is said there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from webapp import engines
from webapp.core import audit
from webapp.core.errors import Forbidden, Invalid
from webapp.deidjobs.merging import merge
from webapp.deidjobs.models import MarkedSpan
from webapp.deidjobs.queries import spans_of
from webapp.jobs.services import Actor
from webapp.recordings.models import Recording

MOST = 1000  # of one recording


@dataclass(frozen=True)
class SpanSketch:
    """A span as somebody's page holds it. pk: of a row that is unchanged, None for what is new.

    client_key: what the page calls it however often it is sent.
    """

    pk: int | None
    start_us: int
    end_us: int
    style: str
    client_key: UUID | None = None


def span_state(span: MarkedSpan) -> dict[str, Any]:
    """Return a span as plain values, for whoever marks more."""
    return {
        "id": span.pk,
        "start_us": span.start_us,
        "end_us": span.end_us,
        "style": span.style,
        "marked_by": str(span.marked_by),
        "marked_at": span.marked_at,
        "client_key": None if span.client_key is None else str(span.client_key),
    }


@transaction.atomic
def save_spans(
    *,
    recording: Recording,
    actor: Actor,
    known: Sequence[int],
    sketches: Sequence[SpanSketch],
    tried: Sequence[UUID] = (),
) -> list[MarkedSpan]:
    """Make the spans of a recording those of somebody's page; return what there is then.

    known: the rows that the page began with; what somebody else marked meanwhile stays. tried: what the page
    sent before without getting an answer. Raises Invalid for what is no span of this recording, and for too
    many.
    """
    author = getattr(actor, "pk", None)
    if author is None:
        raise Forbidden
    recording = Recording.objects.select_for_update(of=("self",)).get(pk=recording.pk)
    if sketches and not recording.has_audio:
        raise Invalid("This recording has no sound to mark.")
    for one in sketches:
        engines.check_span(one.start_us, one.end_us, one.style, duration_us=recording.duration_us or 0)
    rows = MarkedSpan.objects.filter(recording=recording)
    removed, new = merge(rows, sketches, known=known, tried=tried, author_id=author, is_same=_is_same)
    for client_key, one in new:
        MarkedSpan.objects.create(
            recording=recording,
            start_us=one.start_us,
            end_us=one.end_us,
            style=one.style,
            client_key=client_key,
            marked_by_id=author,
        )
    there = spans_of(recording).count()
    if there > MOST:
        raise Invalid(f"Expected at most {MOST} spans in one recording, got {there}.")
    if removed or new:
        audit.record(
            actor=actor,
            action="spans.saved",
            target=recording,
            study_id=recording.encounter.study_id,
            details={"marked": len(new), "removed": removed},
        )
    return list(spans_of(recording))


def _is_same(row: MarkedSpan, one: SpanSketch) -> bool:
    return (row.start_us, row.end_us, row.style) == (one.start_us, one.end_us, one.style)
