"""What waits for whom: on Home one's own, on a study's overview everybody's."""

from __future__ import annotations

import datetime
from functools import partial

import pytest
from django.utils import timezone

from tests.conftest import make_user, recruiting
from tests.webapp.deidjobs.conftest import add_derivative
from tests.webapp.records import add_job, add_recording
from webapp.consent.services import publish_form
from webapp.consent.signing import sign_consent
from webapp.core.waiting import counts_waiting_in
from webapp.jobs.models import Job
from webapp.recordings.models import Upload
from webapp.studies.members import invite
from webapp.studies.models import Study
from webapp.studies.protocol import add_site
from webapp.studies.roles import Role
from webapp.studies.services import add_member, add_participant


def waiting_in(user, study: Study) -> dict[tuple[str, str], int]:
    return {(one.who, one.what): one.count for one in counts_waiting_in(user, study)}


def test_nothing_waits_in_a_study_where_all_is_done(study, alice, patient):
    assert waiting_in(alice, study) == {}


def test_each_thing_waits_for_those_who_can_do_it(study, alice, encounter):
    newcomer = add_participant(actor=alice, study=study, kind="patient")
    publish_form(actor=alice, study=study, text="Reworded.")
    Upload.objects.create(
        encounter=encounter, camera="patient", original_name="a", suffix=".mp4", length=9, uploaded_by=alice
    )
    add_job(encounter)
    Job.objects.update(state="failed")
    invite(actor=alice, study=study, email="zoe@hospital.example", role="auditor", site=None)
    assert newcomer.decisions.count() == 0
    assert waiting_in(alice, study) == {
        ("Alice", "uploads to finish"): 1,
        ("Coordinators", "to complete before approval"): 3,
        ("Coordinators", "participants to ask anew about a newer text"): 2,
        ("Coordinators", "participants who were never asked"): 1,
        ("Coordinators", "consultations of past days without a file"): 1,
        ("Coordinators", "failed jobs to look at"): 1,
        ("Invited people", "invitations to accept"): 1,
    }


def test_a_study_that_lacks_nothing_waits_for_its_owners(study, alice, consent_form, signed_in):
    olivia = make_user("olivia")
    add_member(actor=alice, study=study, user=olivia, role=Role.OWNER)
    complete = {"protocol_number": "1", "purpose": "why", "target_encounters": 3, "state": "draft"}
    Study.objects.filter(pk=study.pk).update(**complete)
    study.refresh_from_db()
    assert waiting_in(alice, study) == {("Owners", "to approve"): 1}
    assert "waits for its approval" in signed_in(olivia).get("/").content.decode()
    assert "waits for its approval" not in signed_in(alice).get("/").content.decode()


def test_people_to_ask_anew_are_on_the_coordinators_home(study, alice, bob, patient, signed_in):
    publish_form(actor=alice, study=study, text="Reworded.")
    recruiting(study)
    assert "Ask 1 participant anew" in signed_in(alice).get("/").content.decode()
    assert "anew" not in signed_in(bob).get("/").content.decode()


def test_members_of_a_site_are_told_only_of_their_own(study, alice, encounter):
    elsewhere = add_site(actor=alice, study=study, name="Elsewhere")
    recruiting(study)
    gina = make_user("gina")
    add_member(actor=alice, study=study, user=gina, role=Role.COORDINATOR, site=elsewhere)
    add_participant(actor=alice, study=study, kind="patient")
    invite(actor=alice, study=study, email="zoe@hospital.example", role="auditor", site=None)
    assert waiting_in(gina, study) == {}


@pytest.mark.parametrize(
    ("name", "sees"), [("alice", True), ("audrey", True), ("bob", False), ("dora", False)]
)
def test_overview_shows_it_to_those_who_oversee_the_study(study, name, sees, request, signed_in):
    user = request.getfixturevalue(name)
    page = signed_in(user).get(f"/studies/{study.slug}/").content.decode()
    assert ("What waits for whom" in page) == sees


def test_counts_lead_to_lists_that_hold_as_many(study, alice, encounter, patient, signed_in):
    add_participant(actor=alice, study=study, kind="patient")
    until = timezone.localdate() + datetime.timedelta(days=20)
    sign = partial(sign_consent, actor=alice, answers={"record": True}, signature="AB")
    sign(participant=patient, form=study.consent_forms.get(), valid_until=until)
    publish_form(actor=alice, study=study, text="Reworded.")
    recruiting(study)
    study.refresh_from_db()
    add_derivative(add_recording(encounter, "patient"), None)
    assert encounter.held_on < datetime.date.today()
    client = signed_in(alice)
    for one in counts_waiting_in(alice, study):
        assert client.get(one.url).context["page"].paginator.count == one.count, one.what
    assert waiting_in(alice, study)["Reviewers", "de-identified versions to review"] == 1
    assert waiting_in(alice, study)["Coordinators", "consents that end soon or have ended"] == 1
