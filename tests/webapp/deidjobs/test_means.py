"""A mean of k participants: asked for, refused, made of those alone who agree, and nobody's."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from tests.conftest import recruiting
from tests.webapp.deidjobs.conftest import add_derivative
from tests.webapp.deidjobs.lenders import add_lenders, add_patient, lend, work_off
from webapp import engines
from webapp.consent.services import record_decisions
from webapp.core.errors import Invalid
from webapp.core.models import AuditEvent
from webapp.deidjobs.covers import request_another
from webapp.deidjobs.means import is_barred, worn_by_others, worn_by_person
from webapp.deidjobs.models import Derivative, FaceContribution, MeanMember
from webapp.deidjobs.services import request_derivative
from webapp.jobs.models import Job
from webapp.sharing.describing import cards_of
from webapp.studies.models import Participant

K = 3


@pytest.fixture
def lenders(study, alice, doctor) -> list[FaceContribution]:
    return add_lenders(study, alice, doctor, 4)


def ask(recording, alice, k=K, **choice):
    choice = {"method": "swap", "audio": "remove", "donor": "auto"} | choice
    return request_derivative(recording=recording, actor=alice, k=k, **choice)


def test_the_mean_is_made_of_others_who_agree_and_the_card_states_k_and_its_bound(
    recording,
    alice,
    lenders,
    drawing,
    signed_in,
):
    work_off(ask(recording, alice))
    made = Derivative.objects.get()
    assert {one.contribution for one in made.members.all()} == set(lenders)
    assert made.members.filter(at_rest=True).count() == K
    page = signed_in(alice).get(made.get_absolute_url()).content.decode()
    assert "average of 3 people" in page
    assert "1 in 3" in page
    event = AuditEvent.objects.get(action="derivative.written")
    assert event.details["k"] == K
    assert event.details["people"] == len(lenders)
    assert not any(str(one.pk) in json.dumps(event.details) for one in lenders), "the trail forgets nobody"


def test_the_person_is_never_among_those_of_whom_their_face_is_made(
    recording,
    alice,
    lenders,
    drawing,
):
    own = lend(recording, 99)
    work_off(ask(recording, alice))
    (look,) = drawing.looks
    assert str(own.pk) not in {file.name.split(".")[0] for file in look.contributions}
    assert not MeanMember.objects.filter(contribution=own).exists()


@pytest.mark.parametrize(("k", "words"), [(5, "needs 5 others"), (1, "2 people at least")])
def test_fewer_than_k_others_are_refused_in_words(recording, alice, lenders, k, words):
    lend(recording, 99)  # one's own does not count
    with pytest.raises(Invalid, match=words):
        ask(recording, alice, k)


@pytest.mark.parametrize("choice", [{"method": "avatar"}, {"method": "blur"}, {"donor": "donor-000"}])
def test_a_mean_is_drawn_by_swap_alone_and_is_no_donor(recording, alice, lenders, choice):
    if "donor" in choice:
        choice = {"donor": engines.donors_of_people()[0]}
    with pytest.raises(Invalid):
        ask(recording, alice, **choice)


def test_people_of_another_study_are_in_no_mean_of_this_one(recording, alice, lenders, carol):
    other = recruiting(carol.memberships.get().study)
    Participant.objects.filter(pk=lenders[0].participant_id).update(study=other)
    Participant.objects.filter(pk=lenders[1].participant_id).update(study=other)
    with pytest.raises(Invalid, match="there are 2"):
        ask(recording, alice)


def test_whoever_withdraws_between_the_request_and_the_run_is_left_out(
    recording,
    alice,
    lenders,
    drawing,
):
    job = ask(recording, alice)
    record_decisions(actor=alice, participant=lenders[0].participant, decisions={"average_face": False})
    work_off(job)
    assert job.state == "done"
    (look,) = drawing.looks
    assert {file.name.split(".")[0] for file in look.contributions} == {str(one.pk) for one in lenders[1:]}


def test_too_few_left_when_it_runs_are_a_sentence_and_no_version(recording, alice, lenders):
    job = ask(recording, alice, 4)
    record_decisions(actor=alice, participant=lenders[0].participant, decisions={"average_face": False})
    work_off(job)
    assert (job.state, job.error_code) == ("failed", "too_few_contributors")
    assert "expected 4 different people to make a face of, got 3" in job.error_message
    assert not Derivative.objects.exists()


@pytest.mark.parametrize("moment", ["during", "before_end"])
def test_whoever_withdraws_while_it_is_drawn_or_as_it_is_written_is_in_nothing_that_stays(
    recording, alice, lenders, drawing, moment
):
    def withdraw():
        setattr(drawing, moment, lambda: None)
        record_decisions(actor=alice, participant=lenders[0].participant, decisions={"average_face": False})

    setattr(drawing, moment, withdraw)
    job = ask(recording, alice)
    work_off(job)
    assert job.state == "done"
    made = Derivative.objects.get()
    assert lenders[0].digest not in str(made.report)
    assert not is_barred(made)


def test_nobody_gets_the_mean_of_somebody_else(
    recording,
    study,
    alice,
    doctor,
    lenders,
    drawing,
):
    second = add_patient(study, alice, doctor)
    first, other = ask(recording, alice), ask(second, alice)
    work_off(first)
    assert worn_by_others(second) == [next(iter(Derivative.objects.get().report["look"]["members"]))]
    assert worn_by_others(recording) == []
    work_off(other)
    assert (other.state, other.error_code) == ("failed", "mean_taken")


def test_a_person_keeps_their_mean_until_a_version_with_it_is_refused(
    recording,
    alice,
    audrey,
    lenders,
    drawing,
):
    work_off(ask(recording, alice))
    made = Derivative.objects.get()
    (members,) = made.report["look"]["members"].values()
    assert worn_by_person(recording, K) == members
    assert worn_by_person(recording, K + 1) == []
    made.reviews.create(decision="refused", reason="too alike", reviewer=audrey)
    assert worn_by_person(recording, K) == []


def test_who_is_in_the_mean_is_told_to_those_alone_who_keep_consents_and_to_no_release(
    recording,
    alice,
    bob,
    audrey,
    dora,
    lenders,
    drawing,
    signed_in,
):
    work_off(ask(recording, alice))
    made = Derivative.objects.get()
    code = lenders[0].participant.code
    pages = {
        user: signed_in(user).get(made.get_absolute_url()).content.decode()
        for user in (alice, bob, audrey, dora)
    }
    assert code in pages[alice]
    assert not any(code in pages[user] for user in (bob, audrey, dora))
    packed = cards_of(made).decode()
    assert '"k": 3' in packed
    assert not any(one.digest in packed or one.participant.code in packed for one in lenders)


def test_another_version_of_a_mean_is_a_mean_of_as_many(recording, alice, lenders, drawing):
    work_off(ask(recording, alice))
    job = request_another(derivative=Derivative.objects.get(), actor=alice, neutral_s=1.0)
    assert job.params["look"]["k"] == K
    assert job.params["look"]["worn"] == worn_by_person(recording, K) != []


def test_of_very_many_a_job_reads_some_of_whom_those_are_whose_mean_the_person_wears(
    recording, alice, lenders, drawing, monkeypatch
):
    work_off(ask(recording, alice))
    monkeypatch.setattr("webapp.deidjobs.means.MOST_READ", K)
    look = ask(recording, alice).params["look"]
    read = FaceContribution.objects.filter(pk__in=look["contributions"])
    assert sorted(read.values_list("digest", flat=True)) == look["worn"]


def test_rendered_versions_rest_on_nobody_s_face(recording, alice, lenders):
    assert not is_barred(add_derivative(recording, alice))
    assert not MeanMember.objects.exists()


def post(client, encounter, recording, **choice):
    form = {
        "recordings": [recording.pk],
        "method": "swap",
        "audio": "remove",
        "donor": "auto",
        "look": "k-same",
        "k": K,
    }
    return client.post(reverse("deidjobs:versions", args=[encounter.pk]), form | choice)


def test_the_form_queues_a_mean_and_refuses_too_large_a_k_in_words(
    recording, encounter, alice, lenders, signed_in
):
    refused = post(signed_in(alice), encounter, recording, k=8)
    assert refused.status_code == 422
    assert "needs 8 others who agreed" in refused.content.decode()
    refused = post(signed_in(alice), encounter, recording, method="avatar")
    assert "drawn by swap" in refused.content.decode()
    assert post(signed_in(alice), encounter, recording).status_code == 302
    job = Job.objects.get(kind="deidentify_recording")
    assert job.params["look"]["k"] == K
    assert sorted(job.params["look"]["contributions"]) == sorted(str(one.pk) for one in lenders)


def test_a_rendered_face_is_what_the_form_gives_by_itself(recording, encounter, alice, signed_in):
    assert post(signed_in(alice), encounter, recording, look="", k="").status_code == 302
    assert "look" not in Job.objects.get(kind="deidentify_recording").params
