import datetime

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from webapp.consent.models import ConsentDecision
from webapp.consent.queries import granting, state_of
from webapp.consent.services import publish_form, record_decisions
from webapp.core.errors import Invalid
from webapp.studies.services import add_participant


def ago(days: float) -> datetime.datetime:
    return timezone.now() - datetime.timedelta(days=days)


def decide(actor, participant, granted, days_ago):
    record_decisions(
        actor=actor, participant=participant, decisions={"annotate": granted}, decided_at=ago(days_ago)
    )


def newcomer(study, alice):
    return add_participant(actor=alice, study=study, kind="patient")


def test_never_asked_means_no(study, alice, consent_form):
    assert newcomer(study, alice) not in granting("annotate")


def test_newest_decision_counts_whatever_the_order_of_entry(study, alice, consent_form):
    person = newcomer(study, alice)
    decide(alice, person, granted=False, days_ago=1)
    decide(alice, person, granted=True, days_ago=3)
    assert person not in granting("annotate")
    assert person in granting("annotate", at=ago(2))
    assert state_of(person) == {"annotate": False}


def test_withdrawing_one_purpose_leaves_the_others(alice, patient):
    record_decisions(actor=alice, participant=patient, decisions={"share_audio": False})
    assert patient not in granting("share_audio")
    assert patient in granting("annotate")


def test_decisions_are_never_edited_or_deleted(alice, patient):
    for change in (
        lambda: ConsentDecision.objects.update(granted=True),
        lambda: ConsentDecision.objects.all()._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


def test_decision_from_the_future_or_for_an_unknown_purpose_is_refused(alice, patient):
    with pytest.raises(Invalid, match="future"):
        decide(alice, patient, granted=True, days_ago=-1)
    with pytest.raises(Invalid, match="Unknown purposes"):
        record_decisions(actor=alice, participant=patient, decisions={"sell": True})


def test_without_a_form_nothing_can_be_recorded(study, alice):
    with pytest.raises(Invalid, match="no consent form"):
        decide(alice, newcomer(study, alice), granted=True, days_ago=1)


def test_new_text_is_a_new_version(study, alice, consent_form):
    assert publish_form(actor=alice, study=study, text="Reworded.").version == consent_form.version + 1
