"""Opening and ending live sessions, keeping their seconds, and the doctor's answers."""

from __future__ import annotations

import datetime
import hashlib
import uuid
from collections.abc import Iterable
from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from webapp import engines
from webapp.analysis.queries import rule_languages, rules_of
from webapp.core import audit
from webapp.core.errors import Conflict, ConsentMissing, Invalid
from webapp.jobs.services import Actor
from webapp.live.models import Answer, LiveSession, Mode, Reading, Suggestion
from webapp.live.queries import allowed_cameras, open_session
from webapp.studies.models import Encounter
from webapp.studies.services import require_activity

LEASE: Final = datetime.timedelta(seconds=4)
ABANDONED_AFTER: Final = datetime.timedelta(hours=1)
DEFAULT_LANGUAGE: Final = "en"
BY_HAND, CONSENT, ABANDONED = "ended", "consent_withdrawn", "abandoned"


@transaction.atomic
def open_live_session(
    *,
    actor: Actor,
    encounter: Encounter,
    mode: str = Mode.SPARSE,
    language: str = DEFAULT_LANGUAGE,
    calibrate: bool = False,
) -> LiveSession:
    """Open the encounter's live session; one that is open already is returned as it is.

    The arm that the encounter is allocated to decides on the mode; mode counts without one. language: of the
    suggestions, one of rule_languages. calibrate: count each person's resting face as neutral once it is
    known. Raises Invalid for an unknown mode or language, Conflict when the study does not record now,
    ConsentMissing when nobody may be analysed live.
    """
    if mode not in Mode.values:
        raise Invalid(f"Expected a mode of {', '.join(Mode.values)}, got “{mode[:20]}”.")
    if language not in (known := rule_languages(encounter.study)):
        raise Invalid(f"Expected a language of {', '.join(known)}, got “{language[:20]}”.")
    require_activity(encounter.study, "record")
    if not allowed_cameras(encounter):
        raise ConsentMissing("Doctor and patient have not both consented to live feedback and analysis.")
    Encounter.objects.select_for_update().get(pk=encounter.pk)
    there = open_session(encounter)
    if there is not None:
        return there
    now, rules = timezone.now(), rules_of(encounter.study)
    text = rules.text if rules else ""
    session = LiveSession.objects.create(
        encounter=encounter,
        mode=encounter.arm.policy if encounter.arm else mode,
        model=engines.default_model(),
        rules=text,
        language=language,
        calibrate=calibrate,
        rules_sha256=hashlib.sha256((text or engines.shipped_rules()).encode()).hexdigest(),
        opened_by_id=getattr(actor, "pk", None),
        started_at=now,
        started_us=int(now.timestamp() * 1_000_000),
    )
    _audit(session, actor, "live.opened", mode=session.mode, calibrate=calibrate)
    return session


@transaction.atomic
def end_session(*, actor: Actor, session: LiveSession, reason: str = BY_HAND) -> bool:
    """End a session; True when it was this call that ended it."""
    ended = LiveSession.objects.filter(pk=session.pk, ended_at=None).update(
        ended_at=timezone.now(), end_reason=reason, conductor=None, conductor_until=None
    )
    if ended:
        _audit(session, actor, "live.ended", reason=reason)
    return bool(ended)


@transaction.atomic
def set_silence(*, actor: Actor, session: LiveSession, silenced: bool) -> None:
    """Hold suggestions back, or let them through again. Raises Conflict once the session has ended."""
    changed = LiveSession.objects.filter(pk=session.pk, ended_at=None).update(silenced=silenced)
    if not changed:
        raise Conflict("This session has ended, so there is nothing to silence.")
    session.silenced = silenced
    _audit(session, actor, "live.silenced" if silenced else "live.unsilenced")


@transaction.atomic
def answer_suggestion(*, actor: Actor, suggestion: Suggestion, answer: str) -> Suggestion:
    """Keep what the doctor thought of a suggestion; a later answer replaces an earlier one."""
    if answer not in Answer.values:
        raise Invalid(f"Expected an answer of {', '.join(Answer.values)}, got “{answer[:20]}”.")
    suggestion.answer, suggestion.answered_at = answer, timezone.now()
    suggestion.save(update_fields=["answer", "answered_at"])
    _audit(suggestion.session, actor, "live.suggestion_answered", suggestion=suggestion.pk, answer=answer)
    return suggestion


def take_lease(*, session_id: uuid.UUID, token: uuid.UUID) -> LiveSession | None:
    """Return the open session when this token may close its seconds for the next LEASE, else None."""
    now = timezone.now()
    free = Q(conductor=None) | Q(conductor=token) | Q(conductor_until__lt=now)
    taken = LiveSession.objects.filter(free, pk=session_id, ended_at=None).update(
        conductor=token, conductor_until=now + LEASE
    )
    return LiveSession.objects.get(pk=session_id) if taken else None


def give_lease_back(*, session_id: uuid.UUID, token: uuid.UUID) -> None:
    """Let another process take over at once."""
    LiveSession.objects.filter(pk=session_id, conductor=token).update(conductor=None, conductor_until=None)


@transaction.atomic
def keep_second(
    *,
    session_id: uuid.UUID,
    token: uuid.UUID,
    rows: Iterable[dict[str, Any]],
    suggestion: dict[str, Any] | None,
) -> tuple[LiveSession, Suggestion | None]:
    """Keep a closed second, and the lease with it; return the session, and what was suggested in it.

    Raises Conflict when the session has ended or another process closes its seconds now.
    """
    held = LiveSession.objects.filter(pk=session_id, conductor=token, ended_at=None)
    if not held.update(conductor_until=timezone.now() + LEASE):
        raise Conflict("This session has ended or is conducted elsewhere.")
    session = LiveSession.objects.get(pk=session_id)
    Reading.objects.bulk_create(Reading(session=session, **row) for row in rows)
    if suggestion is None:
        return session, None
    shown = session.mode == Mode.SPARSE and not session.silenced
    return session, Suggestion.objects.create(session=session, shown=shown, **suggestion)


@transaction.atomic
def keep_recording_start(*, session_id: uuid.UUID, camera: str, start_us: int) -> None:
    """Keep when a camera began to record on its own, on the server's clock: the offset of its file."""
    session = LiveSession.objects.select_for_update().get(pk=session_id)
    session.recorded_us = {**session.recorded_us, camera: start_us}
    session.save(update_fields=["recorded_us"])


def keep_latency(*, session_id: uuid.UUID, p50_ms: float, p95_ms: float) -> None:
    """Keep how long it took, of late, from a camera's frame to the doctor's screen."""
    LiveSession.objects.filter(pk=session_id).update(latency_p50_ms=p50_ms, latency_p95_ms=p95_ms)


def end_abandoned_sessions() -> int:
    """End the sessions whose cameras have all been gone for long; return how many."""
    before = timezone.now() - ABANDONED_AFTER
    forgotten = LiveSession.objects.filter(ended_at=None, started_at__lt=before).filter(
        Q(conductor_until=None) | Q(conductor_until__lt=before)
    )
    recent = Reading.objects.filter(session__in=forgotten)
    ended = 0
    for session in forgotten.select_related("encounter"):
        last = recent.filter(session=session).order_by("-second").values_list("second", flat=True).first()
        last_at = session.started_at + datetime.timedelta(seconds=last or 0)
        if last_at < before:
            ended += end_session(actor=None, session=session, reason=ABANDONED)
    return ended


def _audit(session: LiveSession, actor: Actor, action: str, **details: Any) -> None:
    audit.record(
        actor=actor, action=action, target=session, study_id=session.encounter.study_id, details=details
    )
