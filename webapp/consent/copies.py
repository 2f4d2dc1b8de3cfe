"""The PDF copy of a consent, exactly as it was signed. The JSON copy is the document itself."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fpdf import FPDF

from webapp.consent.models import ConsentRecord

FONT = "DejaVu"
SIGNATURE_MM = 80


def pdf_copy(record: ConsentRecord) -> bytes:
    """Return the copy as PDF; the same record gives the same bytes."""
    document = record.document
    pdf = FPDF()
    pdf.set_creation_date(record.signed_at)
    pdf.set_lang(document["form"]["language"])
    pdf.set_title(f"Consent of {document['participant']}")
    for style, name in (("", "DejaVuSans.ttf"), ("B", "DejaVuSans-Bold.ttf")):
        pdf.add_font(FONT, style, _fonts() / name)
    pdf.add_page()
    _line(pdf, document["study"], size=15, bold=True)
    form = document["form"]
    version = f"form version {form['version']} ({form['language']})"
    _line(pdf, f"Protocol {document['protocol_number'] or '–'}, {version}")
    _line(pdf, f"Participant {document['participant']} ({document['kind']})")
    pdf.ln(4)
    _line(pdf, form["text"], size=10)
    pdf.ln(4)
    for answer in document["answers"]:
        _line(pdf, f"{'☑ Yes' if answer['agreed'] else '☐ No'}   {answer['words']}", size=10)
    pdf.ln(4)
    if drawing := document.get("drawing"):
        _draw(pdf, drawing)
    for name, value in _facts(record).items():
        _line(pdf, f"{name}: {value}", size=9)
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


def _draw(pdf: FPDF, drawing: dict[str, Any]) -> None:
    """Draw a signature where the text has come to, as it was drawn."""
    scale = SIGNATURE_MM / drawing["width"]
    height = drawing["height"] * scale
    if pdf.will_page_break(height):
        pdf.add_page()
    left, top = pdf.get_x(), pdf.get_y()
    pdf.set_line_width(0.5)
    for stroke in drawing["strokes"]:
        ends = stroke if len(stroke) > 1 else stroke * 2
        pdf.polyline([(left + x * scale, top + y * scale) for x, y in ends], style="D")
    pdf.set_y(top + height)
    pdf.ln(2)


def _line(pdf: FPDF, text: str, *, size: int = 11, bold: bool = False) -> None:
    pdf.set_font(FONT, "B" if bold else "", size)
    pdf.multi_cell(0, None, text, new_x="LMARGIN", new_y="NEXT")


def _fonts() -> Path:
    """Return the folder of the fonts that come with matplotlib, without importing it."""
    spec = find_spec("matplotlib")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"
