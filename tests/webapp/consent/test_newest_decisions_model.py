"""After hundreds of random histories of answers, every question agrees with a model of a dozen lines."""

from __future__ import annotations

import datetime
import random
from uuid import UUID

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.webapp.records import findings
from webapp.analysis.models import AnalysisRun, SecondRow
from webapp.analysis.queries import analysable
from webapp.analysis.showing import shown_to
from webapp.analysis.timelines import WITHHELD, second_rows, timeline
from webapp.consent.models import ConsentDecision, Purpose
from webapp.feedback.queries import shares_in
from webapp.live.queries import allowed_cameras
from webapp.recordings.models import Camera, Recording
from webapp.recordings.queries import allowing, consents_to, usable_for
from webapp.sharing.planning import PlannedEncounter, _add_timelines
from webapp.studies.models import Encounter, Participant

PEOPLE = ("doctor", "patient")
DAY = datetime.timedelta(days=1)
ONE_PERSONS = {"analyse_patient": "patient", "analyse_doctor": "doctor", "show_doctor": "doctor"}

#: So many encounters, each with a doctor, a patient and a history of answers of their own.
HISTORIES = 250
LONGEST = 12


class Undone(Exception):
    """Ends an example, so that its rows are rolled back."""


class Model:
    """What the newest answers allow, in words."""

    def __init__(self, sequence, kept_days: int | None) -> None:
        self.newest = {(person, purpose): answer for person, purpose, answer in sequence}
        self.is_kept = kept_days is None or kept_days >= 0

    def says(self, person: str, purpose: str) -> bool:
        return self.newest.get((person, purpose)) == "yes"

    def allows(self, purpose: str) -> bool:
        if not self.is_kept or not all(self.says(person, "record") for person in PEOPLE):
            return False
        if purpose == "show_doctor" and not self.allows("analyse_doctor"):
            return False
        people = (ONE_PERSONS[purpose],) if purpose in ONE_PERSONS else PEOPLE
        return all(self.says(person, purpose) for person in people)

    def shown(self, *, to_the_doctor: bool) -> set[str]:
        """Return the cameras whose person is shown."""
        doctors = "analyse_doctor" if to_the_doctor else "show_doctor"
        return {
            camera
            for camera, need in (("doctor", doctors), ("patient", "analyse_patient"))
            if self.allows(need)
        }


@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_every_question_agrees_with_the_newest_answers(seed, encounters, alice, dora):
    chance = random.Random(seed)
    with pytest.raises(Undone), transaction.atomic():
        models = {one.pk: _live_through(one, chance, alice) for one in encounters}
        _compare_purposes(models)
        for reader, is_doctor in {alice: False, dora: True, None: False}.items():
            _compare_reader(models, reader, is_doctor)
        _compare_one_by_one(models, chance)
        raise Undone


@pytest.fixture
def encounters(study, alice, dora, consent_form) -> list[Encounter]:
    """Encounters with both recordings and a second of each camera; dora is the doctor of them all, under
    another code each time.
    """
    people = Participant.objects.bulk_create(
        Participant(study=study, kind=kind, code=f"{kind[0]}-{at}", user=dora if kind == "doctor" else None)
        for at in range(HISTORIES)
        for kind in PEOPLE
    )
    made = Encounter.objects.bulk_create(
        Encounter(study=study, doctor=doctor, patient=patient, number=at, held_on=timezone.localdate())
        for at, (doctor, patient) in enumerate(zip(people[::2], people[1::2], strict=True))
    )
    recordings = Recording.objects.bulk_create(
        Recording(encounter=one, camera=camera, state="ready", suffix=".mp4", size_bytes=1)
        for one in made
        for camera in Camera.values
    )
    inputs: dict = {one.pk: {} for one in made}
    for recording in recordings:
        inputs[recording.encounter_id][str(recording.camera)] = {"recording": str(recording.pk)}
    found, now = findings(), timezone.now()
    runs = AnalysisRun.objects.bulk_create(
        AnalysisRun(encounter=one, summary=found.summary, inputs=inputs[one.pk], finished_at=now)
        for one in made
    )
    firsts = [row for row in found.rows if row["second"] == 0]
    SecondRow.objects.bulk_create(SecondRow(run=run, **row) for run in runs for row in firsts)
    return made


def _live_through(encounter: Encounter, chance: random.Random, alice) -> Model:
    """Append random decisions, each later than the one before, and return what they come to."""
    answers = ("yes", "yes", "no", "over")
    sequence = [
        (person, purpose, "yes") for person in PEOPLE for purpose in Purpose.values if chance.random() < 0.97
    ] + [
        (chance.choice(PEOPLE), chance.choice(Purpose.values), chance.choice(answers))
        for _ in range(chance.randrange(LONGEST))
    ]
    form, now = encounter.study.consent_forms.all()[0], timezone.now()
    ConsentDecision.objects.bulk_create(
        ConsentDecision(
            participant=getattr(encounter, person),
            form=form,
            purpose=purpose,
            granted=answer != "no",
            valid_until=timezone.localdate() - DAY if answer == "over" else None,
            decided_at=now,
            recorded_by=alice,
        )
        for person, purpose, answer in sequence
    )
    kept_days = chance.choice((None, None, None, -1, 0, 1))
    encounter.keep_until = None if kept_days is None else timezone.localdate() + kept_days * DAY
    Encounter.objects.filter(pk=encounter.pk).update(keep_until=encounter.keep_until)
    return Model(sequence, kept_days)


def _compare_purposes(models: dict[UUID, Model]) -> None:
    recordings, encounters = Recording.objects.all(), Encounter.objects.all()
    for purpose in Purpose.values:
        expected = {pk for pk, model in models.items() if model.allows(purpose)}
        assert 0 < len(expected) < HISTORIES, "neither all nor none"
        assert set(allowing(encounters, purpose).values_list("pk", flat=True)) == expected, purpose
        usable = usable_for(recordings, purpose).values_list("encounter", flat=True)
        assert sorted(usable) == sorted([*expected, *expected]), purpose


def _compare_reader(models: dict[UUID, Model], reader, is_doctor: bool) -> None:
    planned = {}
    for encounter in Encounter.objects.select_related("doctor", "study"):
        planned[encounter.pk] = PlannedEncounter(encounter)
        shown = models[encounter.pk].shown(to_the_doctor=is_doctor)
        assert shown_to(reader, encounter).cameras == shown, encounter
    if reader is None:
        _add_timelines(planned)
        assert {pk: one.analysed for pk, one in planned.items()} == {
            pk: model.shown(to_the_doctor=False) for pk, model in models.items()
        }
        return
    known = {pk for pk, model in models.items() if "doctor" in model.shown(to_the_doctor=is_doctor)}
    assert set(shares_in(Encounter.objects.all(), reader)) == known


def _compare_one_by_one(models: dict[UUID, Model], chance: random.Random) -> None:
    some = chance.sample(sorted(models), 15)
    for run in AnalysisRun.objects.filter(encounter__in=some).select_related("encounter__doctor"):
        encounter, model = run.encounter, models[run.encounter_id]
        for purpose in Purpose.values:
            assert consents_to(encounter, purpose) == model.allows(purpose), purpose
        for recording, allowed in analysable(encounter).items():
            assert allowed == model.allows(f"analyse_{recording.camera}")
        analysed = [one for one in Camera.values if model.allows(f"analyse_{one}")]
        assert allowed_cameras(encounter) == (analysed if model.allows("live_feedback") else [])
        for reader in (encounter.doctor.user, None):
            shown = model.shown(to_the_doctor=reader is not None)
            rows = list(second_rows(run, reader))
            assert {row["camera"] for row in rows if row["status"] != WITHHELD} == shown
            lanes = timeline(run, reader)["lanes"]
            assert {lane["camera"] for lane in lanes if set(lane["status"]) != {WITHHELD}} == shown
