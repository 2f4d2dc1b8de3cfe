import pytest

from webapp.studies.queries import encounters_of


@pytest.mark.parametrize("search", ["²", "9" * 5000, "E-" + "0" * 50, "\0", "%", "E-1 \0"])
def test_no_search_text_breaks_the_list(study, alice, encounter, search):
    list(encounters_of(alice, study, search))


@pytest.mark.parametrize("search", ["E-0001", "e-1", "1", "0001"])
def test_encounter_is_found_by_its_number_however_written(study, alice, encounter, search):
    assert list(encounters_of(alice, study, search)) == [encounter]


def test_every_word_must_match(study, alice, encounter, patient):
    assert list(encounters_of(alice, study, f"1 {patient.code}")) == [encounter]
    assert not encounters_of(alice, study, f"zebra {patient.code}").exists()
