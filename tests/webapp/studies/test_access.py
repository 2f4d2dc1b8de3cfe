import pytest
from django.contrib.auth.models import AnonymousUser

from webapp.core.errors import Forbidden, NotFound
from webapp.studies.access import access_encounter, access_study, needs_of, visible_encounters
from webapp.studies.roles import ALLOWED, Role
from webapp.studies.services import add_member, add_participant, create_encounter


def test_stranger_and_anonymous_find_nothing(study, encounter, carol):
    for user in (carol, AnonymousUser()):
        with pytest.raises(NotFound):
            access_study(user, study.slug, "view_study")
        with pytest.raises(NotFound):
            access_encounter(user, encounter.pk, "view_encounter")
        assert not visible_encounters(user).exists()
        assert needs_of(user, study) == frozenset()


def test_member_without_the_right_is_told_so(study, encounter, bob):
    with pytest.raises(Forbidden):
        access_study(bob, study.slug, "manage_participants")
    with pytest.raises(Forbidden):
        access_encounter(bob, encounter.pk, "upload_recording")


def test_doctor_sees_only_their_own_encounters(study, encounter, alice, dora, patient):
    colleague = add_participant(actor=alice, study=study, kind="doctor")
    other = create_encounter(
        actor=alice, study=study, doctor=colleague, patient=patient, held_on=encounter.held_on
    )
    assert list(visible_encounters(dora)) == [encounter]
    with pytest.raises(NotFound):
        access_encounter(dora, other.pk, "view_encounter")


def test_doctor_who_coordinates_elsewhere_gains_nothing_here(study, encounter, alice, carol):
    add_member(actor=alice, study=study, user=carol, role=Role.DOCTOR)
    assert not visible_encounters(carol).exists()


def test_lost_membership_closes_the_study_at_once(study, encounter, bob):
    bob.memberships.all().delete()
    with pytest.raises(NotFound):
        access_study(bob, study.slug, "view_study")


@pytest.mark.parametrize("pk", ["nonsense", "", "0c7e58f6-4f0f-4a42-8a3c-1f6d5b7c9e21"])
def test_nonsense_and_unknown_identifiers_look_alike(study, alice, pk):
    with pytest.raises(NotFound):
        access_encounter(alice, pk, "view_encounter")


def test_auditor_never_sees_an_original():
    assert "view_original" not in ALLOWED[Role.AUDITOR]


def test_every_role_has_its_row():
    assert set(ALLOWED) == set(Role)
