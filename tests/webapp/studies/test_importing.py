"""Participants from a file: every row has its fate before anything happens, and it is all or nothing."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.conftest import make_user, recruiting
from webapp.core.errors import Invalid
from webapp.studies.attributes import define_attribute
from webapp.studies.importing import fates, import_participants, read_rows
from webapp.studies.models import Participant
from webapp.studies.protocol import add_site
from webapp.studies.roles import Role
from webapp.studies.services import add_member, add_participant

GOOD = b"kind,sex,age,site,years-in-practice\nDoctor,female,45,Bern,12\npatient,,,,\npatient,male,97,bern,\n"


@pytest.fixture
def defined(study, alice):
    define_attribute(actor=alice, study=study, name="years-in-practice", kind="number")
    define_attribute(actor=alice, study=study, name="ward", kind="choice", choices=["A", "B"])
    add_site(actor=alice, study=study, name="Bern")
    return recruiting(study)


def test_no_rows_are_refused():
    for nothing in (b"", b"kind,sex\n"):
        with pytest.raises(Invalid, match="no rows"):
            read_rows(nothing)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"\xff\xfe\x00k", "UTF-8"),
        (b"kind\n\0\n", "something else"),
        (b"kind\n" + b"patient\n" * 2001, "at most 2000 rows"),
        (b"x" * 500_001, "at most 500 kB"),
    ],
)
def test_what_is_no_bearable_csv_is_said(data, sentence):
    with pytest.raises(Invalid, match=sentence):
        read_rows(data)


def test_column_for_names_is_refused_before_a_single_cell_is_kept(defined):
    with pytest.raises(Invalid, match=r"Unknown column surname.*stay outside"):
        fates(defined, read_rows(b"kind,surname\npatient,Muster\n"))
    with pytest.raises(Invalid, match="empty"):
        fates(defined, read_rows(b"kind\npatient,Muster\n"))


def test_good_rows_become_participants_in_their_order(defined, alice):
    added = import_participants(actor=alice, study=defined, found=fates(defined, read_rows(GOOD)))
    assert [(one.kind, one.sex, one.age_words) for one in added] == [
        ("doctor", "female", "45"),
        ("patient", "", ""),
        ("patient", "male", "90+"),
    ]
    assert added[0].attributes == {"years-in-practice": 12.0}
    assert [one.site.name if one.site else None for one in added] == ["Bern", None, "Bern"]
    assert Participant.objects.get(pk=added[2].pk).age == 90


def test_every_problem_of_a_row_is_named_and_nothing_is_imported(defined, alice):
    data = b"kind;sex;age;site;years-in-practice;ward\nnurse;x;-3;Basel;many;C\npatient;;;;;A\n"
    found = fates(defined, read_rows(data))
    assert [fate.good for fate in found] == [False, True]
    words = " ".join(found[0].problems)
    for part in ("kind:", "sex:", "age:", "no site “Basel”", "years-in-practice: expected a number", "ward:"):
        assert part in words
    with pytest.raises(Invalid, match="1 rows"):
        import_participants(actor=alice, study=defined, found=found)
    assert not Participant.objects.exists()


@pytest.mark.parametrize("text", ["nan", "inf", "1e400"])
def test_numbers_that_are_none_are_refused(defined, text):
    row = f"kind,years-in-practice\npatient,{text}\n".encode()
    assert not fates(defined, read_rows(row))[0].good


def test_member_of_one_site_imports_only_there(defined, alice, signed_in):
    gina = make_user("gina")
    geneva = add_site(actor=alice, study=defined, name="Geneva")
    recruiting(defined)
    add_member(actor=alice, study=defined, user=gina, role=Role.COORDINATOR, site=geneva)
    found = fates(defined, read_rows(b"kind,site\npatient,Bern\npatient,\n"), geneva)
    assert [fate.good for fate in found] == [False, True]
    assert found[1].values["site"] == geneva


def test_dry_run_changes_nothing_and_its_rows_are_what_is_imported(defined, alice, signed_in):
    client, address = signed_in(alice), f"/studies/{defined.slug}/participants/import/"
    page = client.post(address, {"file": SimpleUploadedFile("a.csv", GOOD)})
    assert page.status_code == 200
    assert not Participant.objects.exists()
    assert client.post(address, {"rows": page.context["signed_rows"]}).status_code == 200
    assert Participant.objects.count() == 3


def test_rows_that_nobody_was_shown_are_refused(defined, alice, signed_in):
    answer = signed_in(alice).post(f"/studies/{defined.slug}/participants/import/", {"rows": "made:up:rows"})
    assert answer.status_code == 422
    assert not Participant.objects.exists()


def test_coordinator_adds_one_with_attributes_and_errors_stand_beside_their_field(defined, alice, signed_in):
    client, address = signed_in(alice), f"/studies/{defined.slug}/participants/new/"
    number = defined.attributes.get(name="years-in-practice").pk
    wrong = client.post(address, {"kind": "doctor", f"attribute_{number}": "many"})
    assert wrong.status_code == 422
    assert "expected a number" in wrong.content.decode()
    client.post(address, {"kind": "doctor", "age": "93", f"attribute_{number}": "3"})
    person = Participant.objects.get()
    assert (person.age_words, person.attributes) == ("90+", {"years-in-practice": 3.0})


def test_codes_cannot_be_derived_from_what_was_imported(defined, alice):
    twice = [
        import_participants(actor=alice, study=defined, found=fates(defined, read_rows(GOOD)))
        for _ in range(2)
    ]
    codes = [one.code for added in twice for one in added]
    assert len(set(codes)) == 6


def test_exact_age_above_90_is_refused_by_the_database(defined, alice):
    from django.db import IntegrityError, transaction

    person = add_participant(actor=alice, study=defined, kind="patient", age=120)
    assert person.age == 90
    with pytest.raises(IntegrityError), transaction.atomic():
        Participant.objects.filter(pk=person.pk).update(age=91)
