"""The doctor's page as a PDF."""

from __future__ import annotations

from io import BytesIO

from django.urls import reverse
from pypdf import PdfReader

from webapp.analysis.timelines import EMOTIONS
from webapp.core.models import AuditEvent
from webapp.feedback.models import Note
from webapp.feedback.pdf import colours


def test_the_pdf_says_what_the_page_says(run, encounter, reflection, dora, signed_in):
    Note.objects.create(encounter=encounter, doctor=dora, second=1, text="She looked down.")
    answer = signed_in(dora).get(reverse("feedback:pdf", args=[encounter.pk]))
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Cache-Control"] == "private, no-store"
    text = "\n".join(page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages)
    for words in ("I spoke too fast.", "She looked down.", "detection rate", "Who spoke"):
        assert words in text
    assert AuditEvent.objects.filter(action="feedback.exported", actor=dora).count() == 1


def test_the_pdf_draws_every_emotion_in_the_colour_of_the_pages(settings):
    tokens = (settings.STATICFILES_DIRS[0] / "css" / "tokens.css").read_text()
    assert list(colours()) == list(EMOTIONS)
    for emotion, colour in colours().items():
        assert f"--emotion-{emotion}: light-dark({colour}, " in tokens


def test_before_anything_was_classified_the_pdf_keeps_what_was_written(
    encounter, reflection, dora, signed_in
):
    answer = signed_in(dora).get(reverse("feedback:pdf", args=[encounter.pk]))
    assert "I spoke too fast." in PdfReader(BytesIO(answer.content)).pages[0].extract_text()


def test_without_their_own_view_first_there_is_no_pdf(run, encounter, dora, signed_in):
    answer = signed_in(dora).get(reverse("feedback:pdf", args=[encounter.pk]))
    assert (answer.status_code, answer["Location"]) == (
        302,
        reverse("feedback:session", args=[encounter.pk]),
    )
