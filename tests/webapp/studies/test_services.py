import datetime

import pytest

from webapp.core.errors import Invalid
from webapp.core.models import AuditEvent
from webapp.studies.services import CODE_ALPHABET, add_participant, create_encounter

DAY = datetime.date(2026, 3, 2)


def test_participant_code_is_random_and_says_the_kind(study, alice):
    codes = [add_participant(actor=alice, study=study, kind="patient").code for _ in range(20)]
    assert len(set(codes)) == 20
    assert all(code[:2] == "P-" and set(code[2:]) <= set(CODE_ALPHABET) for code in codes)


def test_encounters_are_numbered_per_study(study, alice, doctor, patient):
    made = [
        create_encounter(actor=alice, study=study, doctor=doctor, patient=patient, held_on=DAY)
        for _ in range(2)
    ]
    assert [encounter.code for encounter in made] == ["E-0001", "E-0002"]


def test_people_must_fit_their_places(study, alice, doctor, patient):
    with pytest.raises(Invalid, match="doctor of this study"):
        create_encounter(actor=alice, study=study, doctor=patient, patient=patient, held_on=DAY)
    with pytest.raises(Invalid, match="patient of this study"):
        create_encounter(actor=alice, study=study, doctor=doctor, patient=doctor, held_on=DAY)


def test_refused_encounter_leaves_no_trace(study, alice, doctor):
    before = AuditEvent.objects.count()
    with pytest.raises(Invalid):
        create_encounter(actor=alice, study=study, doctor=doctor, patient=doctor, held_on=DAY)
    assert AuditEvent.objects.count() == before
    assert not study.encounters.exists()


def test_every_change_is_audited(study, alice, doctor, patient):
    create_encounter(actor=alice, study=study, doctor=doctor, patient=patient, held_on=DAY)
    actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert {"study.created", "study.member_set", "participant.added", "encounter.created"} <= actions
