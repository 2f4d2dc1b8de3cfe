"""Whose donor may be whose in a picture."""

from __future__ import annotations

import numpy as np

from deid.donor_rules import DonorRules, donor_of_same, main_tracks
from deid.donors import (
    BANK_SIZE,
    Looks,
    choose_donor,
    donor_names,
    list_candidates,
    list_donors,
    reserved_donors,
    study_donors,
)
from deid.observe import Faces
from emotion.roles import IRRELEVANT, PERSON, RoleAssignment
from emotion.track import Track
from tests.deid.worlds import samples_of

SOMEBODY = Looks(np.array([140.0, 160.0, 200.0], np.float32), 40.0, 0.9)


def faces(roles: dict[int, tuple[str, int]]) -> Faces:
    """Return faces whose tracks have a role and a length."""
    tracks = tuple(
        Track(number=number, faces=np.arange(length), embedding=None) for number, (_, length) in roles.items()
    )
    said = tuple(RoleAssignment(number, role, 1.0, ()) for number, (role, _) in roles.items())
    return Faces(np.zeros(0, np.int64), samples_of({}, frames=0), tracks, said)


def test_nobody_is_left_when_all_are_taken():
    everybody = [donor.name for donor in list_donors()]
    assert list_candidates(SOMEBODY, "key", everybody) == ()
    assert choose_donor(SOMEBODY, "key", everybody) is None
    assert choose_donor(SOMEBODY, "key", everybody[1:]).name == everybody[0]


def test_the_bank_is_shared_out_between_people_of_a_study_and_others():
    assert reserved_donors() | study_donors() == set(donor_names()) == {donor.name for donor in list_donors()}
    assert not reserved_donors() & study_donors()
    assert len(reserved_donors()) == BANK_SIZE // 4


def test_in_a_study_nobody_who_passes_by_may_get_what_a_participant_may_get():
    rules = DonorRules("donor-5", 1, frozenset({"donor-3", "donor-8"}), in_study=True)
    everybody = {donor.name for donor in list_donors()}
    main = everybody - rules.taken_from(True, [])
    others = everybody - rules.taken_from(False, ["donor-7", None])
    assert not main & others
    assert main == study_donors() - {"donor-8"}
    assert others == reserved_donors() - {"donor-3", "donor-7"}


def test_the_person_of_a_camera_is_found_in_all_pieces_the_longest_first():
    found = faces({1: (PERSON, 5), 2: (IRRELEVANT, 90), 3: (PERSON, 40), 4: (PERSON, 9)})
    assert main_tracks(found, [1, 2, 3]) == [3, 1]
    assert main_tracks(faces({}), []) == []


def test_all_pieces_of_a_person_get_one_donor_also_when_there_is_none():
    assert donor_of_same([3, 1], 1, {"3": "donor-7", "2": "donor-9"}) == (True, "donor-7")
    assert donor_of_same([3, 1], 1, {"3": None}) == (True, None)
    assert donor_of_same([3, 1], 3, {}) == (False, None)
