"""Signing consent: what was shown and answered, by whom and before whom, kept as one hashed document."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from webapp.accounts.models import User
from webapp.consent.drawing import HEIGHT, WIDTH, Stroke, read_strokes
from webapp.consent.models import ConsentForm, ConsentRecord, Purpose
from webapp.consent.scans import keep_scan
from webapp.consent.services import record_decisions
from webapp.core import audit
from webapp.core.errors import Forbidden, Invalid, TooFast
from webapp.studies.models import Participant

MOST_BYTES: Final = 7 * 1024 * 1024
#: What a scan may be, by how its file begins.
SCANS: Final = {b"%PDF-": ".pdf", b"\xff\xd8\xff": ".jpg", b"\x89PNG\r\n": ".png"}
TRIES: Final = 5
TRY_AGAIN_AFTER_S: Final = 300


def confirm_password(user: User, password: str) -> None:
    """Raise Forbidden unless it is the user's password, TooFast after too many wrong ones."""
    key = f"countersign:{user.pk}"
    if cache.get(key, 0) >= TRIES:
        raise TooFast("Too many wrong passwords. Wait five minutes and try again.")
    if not user.check_password(password):
        cache.add(key, 0, TRY_AGAIN_AFTER_S)
        cache.incr(key)
        raise Forbidden("This is not your password.", code="wrong_password")
    cache.delete(key)


@transaction.atomic
def sign_consent(
    *,
    actor: User,
    participant: Participant,
    form: ConsentForm,
    answers: Mapping[str, bool],
    signature: str = "",
    drawing: list[Stroke] | None = None,
    scan: bytes = b"",
    valid_until: date | None = None,
) -> ConsentRecord:
    """Keep a consent as it was signed and append its decisions. The actor, who countersigns, has just given
    their password.

    signature: typed initials. drawing: strokes of the signature drawn here instead. scan: the paper form that
    was signed instead. Raises Invalid without any of them.
    """
    if not signature and not drawing and not scan:
        raise Invalid("Consent needs the participant's initials, a drawn signature or the scanned form.")
    drawing = read_strokes(drawing) if drawing else None
    if form.study_id != participant.study_id or form.kind not in ("", participant.kind):
        raise Invalid("This form is not meant for this participant.")
    suffix = scan_suffix(scan) if scan else ""
    record = ConsentRecord(
        participant=participant,
        form=form,
        method=_method(drawing, scan),
        signature=signature,
        attachment_suffix=suffix,
        attachment_sha256=hashlib.sha256(scan).hexdigest() if scan else "",
        signed_at=timezone.now(),
        valid_until=valid_until,
        countersigned_by=actor,
    )
    record.document = document_of(record, answers, drawing)
    record.sha256 = document_hash(record.document)
    record.save(force_insert=True)
    record_decisions(
        actor=actor, participant=participant, decisions=answers, decided_at=record.signed_at, record=record
    )
    audit.record(
        actor=actor,
        action="consent.signed",
        target=record,
        study_id=participant.study_id,
        details={"sha256": record.sha256, "method": record.method},
    )
    if scan:
        keep_scan(record, scan)
    return record


def document_of(
    record: ConsentRecord, answers: Mapping[str, bool], drawing: list[Stroke] | None
) -> dict[str, Any]:
    """Return everything that the copies of a consent show."""
    study, form = record.participant.study, record.form
    return {
        "consent": str(record.pk),
        "study": study.title,
        "protocol_number": study.protocol_number,
        "participant": record.participant.code,
        "kind": record.participant.kind,
        "form": {"version": form.version, "language": form.language, "text": form.text},
        "answers": [
            {"purpose": one.value, "words": one.label, "agreed": answers[one.value]}
            for one in Purpose
            if one.value in answers
        ],
        "method": record.method,
        "signature": record.signature,
        "drawing": {"width": WIDTH, "height": HEIGHT, "strokes": drawing} if drawing else None,
        "scan_sha256": record.attachment_sha256,
        "signed_at": record.signed_at.isoformat(),
        "valid_until": record.valid_until.isoformat() if record.valid_until else None,
        "countersigned_by": record.countersigned_by.display_name,
    }


def _method(drawing: list[Stroke] | None, scan: bytes) -> ConsentRecord.Method:
    if scan:
        return ConsentRecord.Method.PAPER
    return ConsentRecord.Method.DRAWN if drawing else ConsentRecord.Method.TYPED


def document_hash(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a document's canonical JSON: sorted keys, no spaces, non-ASCII escaped."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def scan_suffix(scan: bytes) -> str:
    """Return the suffix of a scan by its first bytes. Raises Invalid for anything but a PDF, JPEG or PNG."""
    for beginning, suffix in SCANS.items():
        if scan.startswith(beginning):
            return suffix
    raise Invalid("Expected the scanned form as PDF, JPEG or PNG.")
