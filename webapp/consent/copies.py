"""The PDF copy of a consent, exactly as it was signed. The JSON copy is the document itself."""

from __future__ import annotations

from typing import Any

from webapp.consent.models import ConsentRecord
from webapp.core.pdf import Document

SIGNATURE_MM = 80


def pdf_copy(record: ConsentRecord) -> bytes:
    """Return the copy as PDF; the same record gives the same bytes."""
    document = record.document
    pdf = Document(
        title=f"Consent of {document['participant']}",
        made_at=record.signed_at,
        language=document["form"]["language"],
    )
    pdf.line_of(document["study"], size=15, bold=True)
    form = document["form"]
    version = f"form version {form['version']} ({form['language']})"
    pdf.line_of(f"Protocol {document['protocol_number'] or '–'}, {version}")
    pdf.line_of(f"Participant {document['participant']} ({document['kind']})")
    pdf.ln(4)
    pdf.line_of(form["text"], size=10)
    pdf.ln(4)
    for answer in document["answers"]:
        pdf.line_of(f"{'☑ Yes' if answer['agreed'] else '☐ No'}   {answer['words']}", size=10)
    pdf.ln(4)
    if drawing := document.get("drawing"):
        _draw(pdf, drawing)
    for name, value in _facts(record).items():
        pdf.line_of(f"{name}: {value}", size=9)
    return bytes(pdf.output())


def _facts(record: ConsentRecord) -> dict[str, str]:
    document = record.document
    facts = {
        "Signed": f"{_how(record)}, {document['signed_at']}",
        "Countersigned by": document["countersigned_by"],
        "Valid until": document["valid_until"] or "withdrawn",
        "SHA-256 of the JSON copy": record.sha256,
    }
    return facts | ({"SHA-256 of the scan": document["scan_sha256"]} if document["scan_sha256"] else {})


def _how(record: ConsentRecord) -> str:
    initials = f"initials “{record.document['signature']}”" if record.document["signature"] else ""
    ways = {
        ConsentRecord.Method.PAPER: "on paper, scanned form attached",
        ConsentRecord.Method.DRAWN: "by hand, as drawn above",
    }
    return ", ".join(filter(None, (initials, ways.get(ConsentRecord.Method(record.method)))))


def _draw(pdf: Document, drawing: dict[str, Any]) -> None:
    """Draw a signature where the text has come to, as it was drawn."""
    scale = SIGNATURE_MM / drawing["width"]
    height = drawing["height"] * scale
    pdf.keep_room(height)
    left, top = pdf.get_x(), pdf.get_y()
    pdf.set_line_width(0.5)
    for stroke in drawing["strokes"]:
        ends = stroke if len(stroke) > 1 else stroke * 2
        pdf.polyline([(left + x * scale, top + y * scale) for x, y in ends], style="D")
    pdf.set_y(top + height)
    pdf.ln(2)
