"""What a coordinator does about consent in the browser, beginning with a study that has nothing yet."""

from tests.conftest import PASSWORD, recruiting
from webapp.consent.queries import state_of
from webapp.core.models import AuditEvent
from webapp.studies.services import add_participant


def test_new_study_leads_from_participant_to_form_to_decision(study, alice, signed_in):
    client = signed_in(alice)
    person = add_participant(actor=alice, study=study, kind="patient")
    address = f"/studies/{study.slug}/participants/{person.code}/consent/"
    assert client.get(address).url == f"/studies/{study.slug}/consent-form/"
    assert (
        client.post(
            f"/studies/{study.slug}/consent-form/", {"text": "Taking part means …", "language": "en"}
        ).status_code
        == 302
    )
    recruiting(study)
    assert "Taking part means" in client.get(address).content.decode()
    client.post(address, {"record": "on", "signature": "AB", "password": PASSWORD})
    assert state_of(person)["record"] is True
    assert state_of(person)["annotate"] is False


def test_publishing_is_audited_and_keeps_earlier_versions(study, alice, consent_form, signed_in):
    signed_in(alice).post(f"/studies/{study.slug}/consent-form/", {"text": "Reworded.", "language": "en"})
    assert [form.text for form in study.consent_forms.all()] == ["Reworded.", consent_form.text]
    assert AuditEvent.objects.filter(action="consent.form_published").count() == 2


def test_empty_text_is_refused_and_stands_beside_its_field(study, alice, signed_in):
    answer = signed_in(alice).post(f"/studies/{study.slug}/consent-form/", {"text": " "})
    assert answer.status_code == 422
    assert not study.consent_forms.exists()
