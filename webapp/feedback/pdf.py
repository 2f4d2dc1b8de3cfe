"""The doctor's page after an encounter as a PDF to keep, with both timelines drawn."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from django.contrib.staticfiles import finders
from django.utils import timezone

from webapp.analysis.templatetags.readings import LETTERS, clock, percent
from webapp.core.pdf import FONT, Document

Values = dict[str, Any]
_EMOTION_TOKEN: Final = re.compile(r"--emotion-([a-z]+): light-dark\((#[0-9a-f]{6}),")
UNSEEN: Final = "#e4e4e4"
LANE_MM: Final = 9
LETTER_MM: Final = 3.2
ANSWERS: Final = {
    "met": "your expression answered",
    "missed": "no answer in your expression",
}


@cache
def colours() -> dict[str, str]:
    """Return the light theme's colour of every emotion, as the pages' own style sheet has them."""
    tokens = finders.find("css/tokens.css")
    assert isinstance(tokens, str)
    found = dict(_EMOTION_TOKEN.findall(Path(tokens).read_text("utf-8")))
    return {emotion: found[emotion] for emotion in LETTERS}


def feedback_pdf(page: Values) -> bytes:
    """Return the PDF of what the page shows: encounter, reflection, notes, comments, care, and findings."""
    encounter = page["encounter"]
    pdf = Document(title=f"Feedback on {encounter.code}", made_at=timezone.now())
    pdf.line_of(f"Feedback on {encounter.code}", size=16, bold=True)
    pdf.line_of(
        f"{encounter.held_on:%d %B %Y}. For the doctor alone. Expressions are classified by a machine; "
        "what they meant is yours to judge.",
        size=9,
    )
    _section(pdf, "Your own view", page["reflection"].text or "You went on without writing one.")
    if page.get("timeline"):
        _findings(pdf, page)
    _notes(pdf, page["notes"])
    _comments(pdf, page["comments"])
    care = page["care"]
    _section(pdf, "How the patient rated it (CARE)", "Not measured." if care is None else f"{care:.1f} of 50")
    return bytes(pdf.output())


def _findings(pdf: Document, page: Values) -> None:
    noted = [note.second for note in page["notes"] if note.second is not None]
    _timeline(pdf, page["timeline"], noted + [comment["second"] for comment in page["comments"]])
    _moments(pdf, page["moments"])
    _shares(pdf, page["comparison"])
    _mirroring(pdf, page["mirroring"])
    _speaking(pdf, page["speaking"])
    _suggestions(pdf, page["suggestions"], had_live=page["had_live"])


def _section(pdf: Document, heading: str, text: str = "") -> None:
    pdf.keep_room(20)
    pdf.ln(4)
    pdf.line_of(heading, size=12, bold=True)
    if text:
        pdf.line_of(text, size=10)


def _timeline(pdf: Document, timeline: Values, noted: Sequence[int]) -> None:
    _section(pdf, "Timeline")
    pdf.keep_room(LANE_MM * 3 * len(timeline["lanes"]) + 14)
    seconds = [second for lane in timeline["lanes"] for second in lane["seconds"]]
    first, last = min(seconds, default=0), max(seconds, default=0) + 1
    scale = pdf.epw / (last - first)
    for lane in timeline["lanes"]:
        rate = lane["summary"].get("detection_rate")
        seen = "not measured" if rate is None else percent(rate)
        pdf.line_of(f"{lane['label']}, detection rate {seen}", size=9)
        _lane(pdf, lane, first, scale)
    _marks(pdf, [pdf.l_margin + (second - first) * scale for second in noted if first <= second < last])
    legend = ", ".join(f"{LETTERS[name]} {name}" for name in LETTERS)
    pdf.line_of(
        f"From {clock(first)} to {clock(last)}. Expression classified as: {legend}; grey: not classified. "
        f"▲ notes and comments. Model {timeline['model']}.",
        size=8,
    )


def _lane(pdf: Document, lane: Values, first: int, scale: float) -> None:
    top = pdf.get_y()
    pdf.set_font(FONT, "B", 7)
    pdf.set_text_color(255)
    pdf.set_fill_color(UNSEEN)
    pdf.rect(pdf.l_margin, top, pdf.epw, LANE_MM, style="F")
    for emotion, group in groupby(zip(lane["seconds"], _shown(lane), strict=True), key=lambda one: one[1]):
        places = [second for second, _ in group]
        if emotion is None:
            continue
        left = pdf.l_margin + (places[0] - first) * scale
        width = (places[-1] + 1 - places[0]) * scale
        pdf.set_fill_color(colours()[emotion])
        pdf.rect(left, top, width, LANE_MM, style="F")
        if width >= LETTER_MM:
            pdf.set_xy(left, top)
            pdf.cell(width, LANE_MM, LETTERS[emotion], align="C")
    pdf.set_text_color(0)
    pdf.set_xy(pdf.l_margin, top + LANE_MM + 1)


def _shown(lane: Values) -> list[str | None]:
    return [
        emotion if status == "ok" else None
        for status, emotion in zip(lane["status"], lane["emotion"], strict=True)
    ]


def _marks(pdf: Document, places_mm: Sequence[float]) -> None:
    if not places_mm:
        return
    top = pdf.get_y()
    pdf.set_fill_color(0)
    for x in places_mm:
        pdf.polygon([(x, top), (x - 1.4, top + 2.4), (x + 1.4, top + 2.4)], style="F")
    pdf.set_y(top + 3.5)


def _moments(pdf: Document, moments: Sequence[Values]) -> None:
    _section(pdf, "Moments that may matter", "" if moments else "None was found.")
    if moments:
        rows = [
            (
                clock(one["onset_s"]),
                one["emotion"],
                f"{'' if one['offset_seen'] else 'at least '}{one['duration_s']} s",
                one["doctor"] or "not measured",
                ANSWERS.get(one["answer"], "your face was not seen"),
            )
            for one in moments
        ]
        _table(pdf, ("From", "Patient", "Lasted", "You, within 5 s", "Reading"), rows)


def _shares(pdf: Document, comparison: Sequence[Values]) -> None:
    _section(pdf, "Your expressions, compared", "" if comparison else "Not measured.")
    if comparison:
        rows = [
            (
                one["emotion"],
                _percent(one["now"]),
                _percent(one["past"]),
                f"{_percent(one['study'][0])} to {_percent(one['study'][2])}" if one["study"] else "–",
            )
            for one in comparison
        ]
        _table(pdf, ("Classified as", "Now", "Your earlier mean", "Study’s middle half"), rows)
        if left_out := comparison[0]["left_out"]:
            pdf.line_of(f"Encounters left out, as their doctors show it to nobody else: {left_out}.", size=9)


def _mirroring(pdf: Document, found: Sequence[Values]) -> None:
    _section(pdf, "Mirroring", "" if found else "Not measured.")
    if found:
        rows = [
            (
                one["signal"],
                f"{one['correlation']:.2f}",
                _follower(one["lag_s"]),
                "not measured" if one["p_holm"] is None else f"{one['p_holm']:.3f}",
            )
            for one in found
        ]
        _table(pdf, ("Signal", "Correlation", "Who follows", "p (Holm)"), rows)


def _follower(lag_s: int) -> str:
    if lag_s == 0:
        return "within the same second"
    return f"{'the patient' if lag_s > 0 else 'you'}, {abs(lag_s)} s later"


def _speaking(pdf: Document, speaking: Values | None) -> None:
    if speaking is None:
        _section(pdf, "Who spoke", "Not measured.")
        return
    shares = [f"{one['label']}: {_percent(one['share'])} of what was spoken." for one in speaking["people"]]
    silent = f"Silent for three seconds or longer {len(speaking['silences'])} times."
    _section(pdf, "Who spoke", " ".join([*shares, silent]))


def _suggestions(pdf: Document, found: Sequence[Values], *, had_live: bool) -> None:
    when = "during the live session" if had_live else "by the rules; there was no live session"
    _section(pdf, f"Suggestions {when}", "" if found else "None.")
    for one in found:
        answer = ""
        if one["was_live"]:
            answer = f" ({(one['answer'] or 'not answered') if one['shown'] else 'not shown'})"
        pdf.line_of(f"{clock(one['second'])}  {one['text']}{answer}", size=9)


def _notes(pdf: Document, notes: Sequence[Any]) -> None:
    _section(pdf, "Your private notes", "" if notes else "None.")
    for note in notes:
        at = "" if note.second is None else f"{clock(note.second)}  "
        codes = [words for words in (note.get_cue_display(), note.get_response_display()) if words]
        pdf.line_of(at + "; ".join(filter(None, (note.text, *codes))), size=9)


def _comments(pdf: Document, comments: Sequence[Values]) -> None:
    _section(pdf, "Comments shared in the study", "" if comments else "None.")
    for one in comments:
        pdf.line_of(f"{clock(one['second'])}  {one['who']}: {one['text']}", size=9)


def _table(pdf: Document, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    pdf.set_font(FONT, "", 9)
    with pdf.table(borders_layout="HORIZONTAL_LINES", line_height=5, text_align="LEFT") as table:
        for cells in (heads, *rows):
            row = table.row()
            for cell in cells:
                row.cell(cell)


def _percent(share: float | None) -> str:
    return "–" if share is None else percent(share)
