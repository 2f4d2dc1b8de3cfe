"""The PDF copy of a consent, exactly as it was signed. The JSON copy is the document itself."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from fpdf import FPDF

from webapp.consent.models import ConsentRecord

FONT = "DejaVu"


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
    for name, value in _facts(record).items():
        _line(pdf, f"{name}: {value}", size=9)
    return bytes(pdf.output())


def _facts(record: ConsentRecord) -> dict[str, str]:
    document = record.document
    signed = (
        f"initials “{document['signature']}”" if document["signature"] else "on paper, scanned form attached"
    )
    facts = {
        "Signed": f"{signed}, {document['signed_at']}",
        "Countersigned by": document["countersigned_by"],
        "Valid until": document["valid_until"] or "withdrawn",
        "SHA-256 of the JSON copy": record.sha256,
    }
    return facts | ({"SHA-256 of the scan": document["scan_sha256"]} if document["scan_sha256"] else {})


def _line(pdf: FPDF, text: str, *, size: int = 11, bold: bool = False) -> None:
    pdf.set_font(FONT, "B" if bold else "", size)
    pdf.multi_cell(0, None, text, new_x="LMARGIN", new_y="NEXT")


def _fonts() -> Path:
    """Return the folder of the fonts that come with matplotlib, without importing it."""
    spec = find_spec("matplotlib")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"
