"""Members per site, owners who cannot get lost, and invitations by a link that works once."""

from __future__ import annotations

import datetime

import pytest
from django.test import Client
from django.utils import timezone

from tests.conftest import make_user, recruiting
from webapp.accounts.models import User
from webapp.core.errors import Conflict, Forbidden, Invalid, NotFound
from webapp.studies.access import visible_encounters, visible_participants
from webapp.studies.members import (
    accept_invitation,
    change_member,
    dismiss_member,
    find_invitation,
    invite,
    revoke_invitation,
)
from webapp.studies.models import Invitation, Membership
from webapp.studies.protocol import add_site
from webapp.studies.roles import Role
from webapp.studies.services import add_member, add_participant, create_encounter


@pytest.fixture
def sites(study, alice):
    made = [add_site(actor=alice, study=study, name=name) for name in ("Basel", "Geneva")]
    recruiting(study)
    return made


@pytest.fixture
def gina(study, alice, sites) -> User:
    """A coordinator of Geneva alone."""
    gina = make_user("gina")
    add_member(actor=alice, study=study, user=gina, role=Role.COORDINATOR, site=sites[1])
    return gina


@pytest.fixture
def olivia(study, alice) -> User:
    olivia = make_user("olivia")
    add_member(actor=alice, study=study, user=olivia, role=Role.OWNER)
    return olivia


def of_site(study, alice, doctor, site):
    patient = add_participant(actor=alice, study=study, kind="patient", site=site)
    return create_encounter(
        actor=alice, study=study, doctor=doctor, patient=patient, held_on=datetime.date(2026, 3, 2)
    )


def test_member_of_one_site_sees_that_site_alone(study, alice, doctor, sites, gina):
    basel, geneva = (of_site(study, alice, doctor, site) for site in sites)
    assert list(visible_encounters(gina)) == [geneva]
    assert list(visible_participants(gina, study)) == [geneva.patient]
    assert set(visible_encounters(alice)) == {basel, geneva}


def test_coordinator_of_one_site_meets_nothing_of_another(study, alice, doctor, sites, gina, signed_in):
    basel = of_site(study, alice, doctor, sites[0])
    client = signed_in(gina)
    assert client.get(f"/encounters/{basel.pk}/").status_code == 404
    assert client.get(f"/studies/{study.slug}/participants/{basel.patient.code}/consent/").status_code == 404
    assert basel.patient.code not in client.get(f"/studies/{study.slug}/participants/").content.decode()
    assert basel.code not in client.get(f"/studies/{study.slug}/encounters/").content.decode()


def test_what_a_coordinator_of_one_site_adds_belongs_to_it(study, gina, sites, signed_in):
    signed_in(gina).post(f"/studies/{study.slug}/participants/new/", {"kind": "patient", "site": sites[0].pk})
    assert [one.site for one in study.participants.all()] == [sites[1]]


def test_coordinator_of_one_site_invites_only_there(study, gina, sites):
    with pytest.raises(Forbidden, match="Geneva"):
        invite(actor=gina, study=study, email="x@hospital.example", role="annotator", site=None)
    invite(actor=gina, study=study, email="x@hospital.example", role="annotator", site=sites[1])


def test_only_owners_make_owners(study, alice, olivia, bob):
    membership = Membership.objects.get(user=bob)
    with pytest.raises(Forbidden, match="owner"):
        change_member(actor=alice, membership=membership, role=Role.OWNER, site=None)
    assert change_member(actor=olivia, membership=membership, role=Role.OWNER, site=None).role == Role.OWNER


def test_a_study_keeps_its_last_owner(study, alice, olivia):
    membership = Membership.objects.get(user=olivia)
    with pytest.raises(Conflict, match="needs an owner"):
        dismiss_member(actor=olivia, membership=membership)
    with pytest.raises(Conflict, match="needs an owner"):
        change_member(actor=olivia, membership=membership, role=Role.AUDITOR, site=None)


def test_site_of_another_study_is_refused(study, alice, carol, sites):
    other = carol.memberships.get().study
    with pytest.raises(Invalid, match="site of this study"):
        invite(actor=carol, study=other, email="x@hospital.example", role="annotator", site=sites[0])


def invited(study, alice, email="zoe@hospital.example", role="annotator") -> str:
    return invite(actor=alice, study=study, email=email, role=role, site=None)[1]


def test_link_makes_a_newcomer_an_account_and_a_member_once(study, alice):
    token = invited(study, alice)
    client = Client()
    values = {"display_name": "Zoe", "password": "correct horse battery staple"}
    assert client.post(f"/invitations/{token}/", values).status_code == 302
    zoe = User.objects.get(email="zoe@hospital.example")
    assert zoe.memberships.get().role == Role.ANNOTATOR
    assert client.get(f"/studies/{study.slug}/").status_code == 200
    assert Client().get(f"/invitations/{token}/").status_code == 404


def test_weak_password_is_refused_beside_its_field(study, alice):
    token = invited(study, alice)
    answer = Client().post(f"/invitations/{token}/", {"display_name": "Zoe", "password": "short"})
    assert answer.status_code == 422
    assert not User.objects.filter(email="zoe@hospital.example").exists()


def test_link_of_somebody_else_is_of_no_use(study, alice, carol):
    token = invited(study, alice)
    with pytest.raises(Forbidden, match="another e-mail"):
        accept_invitation(user=carol, token=token)


def test_colleague_with_an_account_joins_and_a_member_does_not_twice(study, alice, carol, bob):
    assert accept_invitation(user=carol, token=invited(study, alice, carol.email)).user == carol
    with pytest.raises(Conflict, match="already"):
        accept_invitation(user=bob, token=invited(study, alice, bob.email, "auditor"))


def test_known_address_cannot_be_taken_over_by_a_link(study, alice, carol):
    token = invited(study, alice, carol.email)
    client = Client()
    client.post(f"/invitations/{token}/", {"display_name": "X", "password": "correct horse battery staple"})
    assert "_auth_user_id" not in client.session


def test_expired_and_revoked_links_look_like_links_that_never_were(study, alice):
    expired, revoked = invited(study, alice), invited(study, alice, "y@hospital.example")
    Invitation.objects.filter(email="zoe@hospital.example").update(expires_at=timezone.now())
    revoke_invitation(actor=alice, invitation=Invitation.objects.get(email="y@hospital.example"))
    for token in (expired, revoked, "never"):
        with pytest.raises(NotFound):
            find_invitation(token)
        answer = Client().get(f"/invitations/{token}/")
        assert answer.status_code == 404
        assert study.title not in answer.content.decode()


def test_the_secret_of_a_link_is_not_in_the_database(study, alice):
    token = invited(study, alice)
    assert token not in str(Invitation.objects.values().get())


def test_coordinator_sees_members_makes_a_link_and_changes_a_role(study, alice, bob, signed_in):
    client = signed_in(alice)
    page = client.post(
        f"/studies/{study.slug}/members/invite/", {"email": "q@hospital.example", "role": "doctor"}
    )
    assert "/invitations/" in page.content.decode()
    assert "/invitations/" not in client.get(f"/studies/{study.slug}/members/").content.decode().replace(
        f"/studies/{study.slug}/invitations/", ""
    )
    membership = Membership.objects.get(user=bob)
    client.post(f"/studies/{study.slug}/members/{membership.pk}/", {"role": "auditor"})
    membership.refresh_from_db()
    assert membership.role == Role.AUDITOR
    client.post(f"/studies/{study.slug}/members/{membership.pk}/", {"remove": "yes"})
    assert not Membership.objects.filter(user=bob).exists()
