"""Comments on a second: the doctor decides what is shared, members answer, and each keeps to their own."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.urls import reverse
from pypdf import PdfReader

from tests.webapp.records import add_recording, add_run
from webapp.consent.services import record_decisions, withdraw_consent
from webapp.core.errors import Conflict, ConsentMissing
from webapp.core.models import AuditEvent
from webapp.feedback import comments
from webapp.feedback.models import Comment, Note, Reflection


@pytest.fixture
def shared(encounter, dora) -> Comment:
    Reflection.objects.create(encounter=encounter, doctor=dora, text="I spoke too fast.")
    return comments.write_comment(actor=dora, encounter=encounter, second=30, text="I looked away here.")


def text_of(answer) -> str:
    return " ".join(answer.content.decode().split())


def feedback(encounter) -> str:
    return reverse("feedback:session", args=[encounter.pk])


def answer(client, encounter, second: int = 30, text: str = "So did she.", **more):
    url = reverse("feedback:comment_answer", args=[encounter.pk])
    return client.post(url, {"second": second, "text": text, **more})


# writing


@pytest.mark.parametrize(("readers", "notes", "shared_ones"), [("", 1, 0), ("shared", 0, 1)])
def test_the_doctor_decides_for_each_whether_it_stays_private(
    encounter, dora, signed_in, readers, notes, shared_ones
):
    fields = {"text": "She looked down.", "second": 30, "readers": readers}
    sent = signed_in(dora).post(reverse("feedback:note", args=[encounter.pk]), fields)
    assert sent.status_code == 302
    assert (Note.objects.count(), Comment.objects.count()) == (notes, shared_ones)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"text": "", "second": 30, "cue": "cue"}, "Write what you want to share."),
        ({"text": "words", "second": ""}, "Choose the second that this is about"),
        ({"text": "words", "second": -1}, "Choose the second that this is about"),
        ({"text": "words", "second": 30, "cue": "cue"}, "Codes stay private."),
    ],
)
def test_what_cannot_be_shared_is_asked_for_again(encounter, dora, signed_in, fields, words):
    url = reverse("feedback:note", args=[encounter.pk])
    sent = signed_in(dora).post(url, fields | {"readers": "shared"})
    assert sent.status_code == 422
    assert words in text_of(sent)
    assert not Note.objects.exists() and not Comment.objects.exists()


def test_the_trail_says_that_something_was_shared_but_not_what(shared, dora):
    comments.change_comment(actor=dora, comment=shared, text="Other secret words")
    comments.delete_comment(actor=dora, comment=shared)
    events = AuditEvent.objects.filter(action__startswith="feedback.comment").order_by("pk")
    assert [event.action for event in events] == [
        "feedback.commented",
        "feedback.comment_changed",
        "feedback.comment_deleted",
    ]
    assert not any("words" in str(event.details) + event.reason for event in events)


# reading and answering


@pytest.mark.parametrize("name", ["alice", "bob", "audrey", "dora"])
def test_who_may_see_the_results_reads_and_answers_and_the_doctor_sees_it(
    shared, encounter, dora, name, request, signed_in
):
    add_recording(encounter, "patient")
    add_run(encounter)
    client = signed_in(request.getfixturevalue(name))
    page = text_of(client.get(encounter.get_absolute_url()))
    assert "I looked away here." in page
    assert 'data-noted="30 "' in page
    assert answer(client, encounter).url == f"{encounter.get_absolute_url()}#comments"
    seen = text_of(signed_in(dora).get(feedback(encounter)))
    assert "So did she." in seen
    assert 'data-noted="30 30 "' in seen


def test_a_colleague_of_another_encounter_neither_reads_nor_answers(
    shared, encounter, study, alice, signed_in
):
    from tests.conftest import member

    client = signed_in(member(study, alice, "dan", "doctor"))
    assert answer(client, encounter).status_code == 404
    assert client.post(reverse("feedback:comment_delete", args=[shared.pk])).status_code == 404
    assert Comment.objects.count() == 1


def test_the_doctor_goes_without_a_name_to_everybody_else(shared, encounter, bob, dora):
    comments.answer_comment(actor=bob, encounter=encounter, second=30, text="So did she.")
    assert [one["who"] for one in comments.comments_on(encounter, dora)] == ["you", bob.display_name]
    assert [one["who"] for one in comments.comments_on(encounter, bob)] == ["the doctor", "you"]


def test_an_answer_needs_a_comment_at_its_second(shared, encounter, bob, signed_in):
    with pytest.raises(Conflict):
        comments.answer_comment(actor=bob, encounter=encounter, second=31, text="Where?")
    assert answer(signed_in(bob), encounter, second=31).status_code == 409
    assert answer(signed_in(bob), encounter, text=" ").status_code == 422
    assert Comment.objects.count() == 1


def test_an_answer_from_the_feedback_page_leads_back_there(shared, encounter, dora, signed_in):
    assert answer(signed_in(dora), encounter, back="feedback").url == f"{feedback(encounter)}#comments"


def test_the_pages_say_what_to_do_while_there_is_none(encounter, bob, dora, signed_in):
    Reflection.objects.create(encounter=encounter, doctor=dora)
    add_recording(encounter, "patient")
    add_run(encounter)
    assert "let everybody read it" in text_of(signed_in(dora).get(feedback(encounter)))
    assert "can share one from their feedback" in text_of(signed_in(bob).get(encounter.get_absolute_url()))


def test_the_pdf_has_them_too(shared, encounter, dora, signed_in):
    content = signed_in(dora).get(reverse("feedback:pdf", args=[encounter.pk])).content
    words = " ".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)
    assert "I looked away here." in words


# one's own


def test_ones_own_is_changed_and_deleted_nobody_elses(shared, encounter, bob, dora, signed_in):
    change = reverse("feedback:comment_change", args=[shared.pk])
    assert signed_in(bob).post(change, {"text": "Not mine"}).status_code == 403
    client = signed_in(dora)
    assert "I looked away here." in text_of(client.get(change))
    assert client.post(change, {"text": "I looked down."}).status_code == 302
    shared.refresh_from_db()
    assert (shared.text, shared.changed_at is not None) == ("I looked down.", True)
    client.post(reverse("feedback:comment_delete", args=[shared.pk]))
    assert not Comment.objects.exists()


# consent


def test_without_consent_nothing_is_shown_or_kept(shared, encounter, alice, bob, dora):
    record_decisions(actor=alice, participant=encounter.patient, decisions={"record": False})
    assert comments.comments_on(encounter, bob) == []
    for write in (comments.write_comment, comments.answer_comment):
        with pytest.raises(ConsentMissing):
            write(actor=dora, encounter=encounter, second=30, text="more")
    with pytest.raises(ConsentMissing):
        comments.change_comment(actor=dora, comment=shared, text="more")


def test_withdrawal_takes_comments_along(shared, encounter, alice, bob, django_capture_on_commit_callbacks):
    comments.answer_comment(actor=bob, encounter=encounter, second=30, text="So did she.")
    with django_capture_on_commit_callbacks(execute=True):
        withdraw_consent(actor=alice, participant=encounter.patient, purposes=["record"])
    assert not Comment.objects.exists()
