"""Lending one's face to an average is a purpose of its own, which no other answer covers."""

from __future__ import annotations

from django.urls import reverse

from webapp.analysis.demo import FORM
from webapp.consent.asking import asked_of
from webapp.consent.models import Purpose
from webapp.consent.queries import granting
from webapp.consent.services import record_decisions
from webapp.studies.services import add_participant


def test_doctors_and_patients_are_asked_whether_their_face_may_be_averaged(doctor, patient):
    assert all(Purpose.AVERAGE_FACE in asked_of(one) for one in (doctor, patient))


def test_agreeing_to_everything_else_does_not_cover_the_average(study, alice, consent_form):
    newcomer = add_participant(actor=alice, study=study, kind="patient")
    rest = {one.value: True for one in asked_of(newcomer) if one != Purpose.AVERAGE_FACE}
    record_decisions(actor=alice, participant=newcomer, decisions=rest)
    assert newcomer in granting(Purpose.SHARE_DEIDENTIFIED)
    assert newcomer not in granting(Purpose.AVERAGE_FACE)


def test_form_and_board_ask_for_it_and_the_form_says_what_it_means(signed_in, study, alice, patient):
    form = signed_in(alice).get(reverse("consent:record", args=[study.slug, patient.code])).content.decode()
    assert Purpose.AVERAGE_FACE.label in form
    assert "in place of somebody else’s face, and is a little like everybody in it" in form
    assert (
        Purpose.AVERAGE_FACE.label
        in signed_in(alice).get(reverse("consent:board", args=[study.slug])).content.decode()
    )


def test_the_text_of_the_demonstration_names_the_average():
    assert "in an average of several that hides somebody else" in FORM
