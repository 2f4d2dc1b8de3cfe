from __future__ import annotations

import numpy as np

from emotion.people import Correction, People, basis_of, correct_people, identity_of, recognise_across
from emotion.roles import assign_roles
from emotion.track import link_tracks
from tests.emotion.faces import SIZE_WH, Face, grid, samples_of

ANNA, BERT, CARL = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


def people_of(faces: list[Face], seconds: float, camera: str = "patient") -> People:
    samples = samples_of(faces, grid(seconds))
    tracks = link_tracks(samples)
    roles = assign_roles(samples, tracks, camera=camera, size_wh=SIZE_WH)
    return People(samples, tracks, roles, basis_of(samples, tracks))


def patient_and_bystander() -> People:
    """Track 1: Anna, ten seconds. Track 2: Bert, small, from second 3 to 7, in the same pictures."""
    faces = [Face(t, side=300, person=ANNA) for t in grid(10)]
    faces += [Face(t, x=100, y=100, side=60, person=BERT) for t in grid(4, start_us=3_000_000)]
    return people_of(faces, 10)


def named(people: People) -> dict[int, str]:
    return {role.track: role.role for role in people.roles}


def counted(people: People) -> dict[int, int]:
    return {track.number: len(track.faces) for track in people.tracks}


def test_without_corrections_people_stay_as_they_were():
    people = patient_and_bystander()
    assert correct_people(people, []) == people


def test_reassigned_person_has_the_role_by_hand_and_in_full_confidence():
    before = patient_and_bystander()
    after = correct_people(
        before, [Correction("reassign", 2, role="patient"), Correction("reassign", 1, role="irrelevant")]
    )
    assert named(after) == {1: "irrelevant", 2: "patient"}
    assert (after.roles[1].confidence, after.roles[1].reasons) == (1.0, ("by hand",))
    assert named(before) == {1: "patient", 2: "irrelevant"}, "what goes in is not modified"


def test_undoing_a_correction_is_leaving_it_out():
    machine = patient_and_bystander()
    corrections = [Correction("reassign", 2, role="doctor"), Correction("split", 1, at_us=5_000_000)]
    assert named(correct_people(machine, corrections[1:])) == {1: "patient", 2: "irrelevant", 3: "patient"}
    assert correct_people(machine, []) == machine


def test_split_gives_the_later_faces_to_a_new_person_of_the_same_role():
    after = correct_people(patient_and_bystander(), [Correction("split", 1, at_us=4_000_000)])
    assert counted(after) == {1: 20, 2: 20, 3: 30}
    assert named(after)[3] == "patient"
    assert after.roles[2].reasons == ("split from track 1 by hand",)


def test_merge_gives_back_what_split_took_apart():
    before = patient_and_bystander()
    after = correct_people(before, [Correction("split", 1, at_us=4_000_000), Correction("merge", 3, into=1)])
    assert counted(after) == counted(before)
    assert np.array_equal(after.tracks[0].faces, before.tracks[0].faces)
    assert named(after) == named(before)


def test_every_face_stays_on_exactly_one_track():
    after = correct_people(
        patient_and_bystander(),
        [
            Correction("split", 2, at_us=5_000_000),
            Correction("split", 1, at_us=1_000_000),
            Correction("merge", 2, into=3),
        ],
    )
    assert sorted(np.concatenate([track.faces for track in after.tracks]).tolist()) == list(range(70))
    assert [role.track for role in after.roles] == [track.number for track in after.tracks]


def test_two_people_in_one_picture_cannot_be_merged():
    before = patient_and_bystander()
    after = correct_people(before, [Correction("merge", 2, into=1)])
    assert counted(after) == counted(before)
    assert "in 20 pictures together" in str(after.outcomes[0].refusal)


def test_a_correction_that_does_not_fit_changes_nothing_and_says_why():
    before = patient_and_bystander()
    unfit = [
        Correction("reassign", 9, role="patient"),
        Correction("reassign", 1, role="nurse"),
        Correction("merge", 1, into=1),
        Correction("split", 1, at_us=0),
        Correction("split", 1, at_us=60_000_000),
        Correction("forget", 1),
        Correction("reassign", 1, role="irrelevant", basis="of another version"),
    ]
    after = correct_people(before, [*unfit, Correction("reassign", 2, role="doctor", basis=before.basis)])
    assert named(after) == {1: "patient", 2: "doctor"}
    assert [outcome.refusal is None for outcome in after.outcomes] == [False] * 7 + [True]


def test_basis_names_the_tracks_and_not_what_the_faces_express():
    one, same = patient_and_bystander(), patient_and_bystander()
    same.samples.probs[:] = 1 / 7
    assert one.basis == basis_of(same.samples, same.tracks)
    assert one.basis != people_of([Face(t) for t in grid(10)], 10).basis


def test_the_doctor_in_the_patients_picture_is_known_by_the_doctors_own_camera():
    ours = patient_and_bystander()
    theirs = people_of([Face(t, person=BERT) for t in grid(10)], 10, camera="doctor")
    known = recognise_across(ours, theirs, "doctor")
    assert named(known) == {1: "patient", 2: "doctor"}
    assert "whose own camera shows the same face" in known.roles[1].reasons[0]


def test_a_stranger_to_both_cameras_stays_irrelevant():
    ours = patient_and_bystander()
    stranger = people_of([Face(t, person=CARL) for t in grid(10)], 10, camera="doctor")
    assert named(recognise_across(ours, stranger, "doctor")) == {1: "patient", 2: "irrelevant"}


def test_nobody_is_known_without_embeddings():
    ours = people_of([Face(t) for t in grid(4)] + [Face(t, x=100, side=60) for t in grid(4)], 4)
    theirs = people_of([Face(t) for t in grid(4)], 4, camera="doctor")
    assert recognise_across(ours, theirs, "doctor") == ours


def test_an_identity_is_that_of_whoever_has_the_role_and_of_nobody_else():
    people = patient_and_bystander()
    found = identity_of(people, "patient")
    assert found is not None
    embedding, faces = found
    assert np.allclose(embedding, ANNA, atol=1e-3)
    assert faces == int(people.samples.is_embedded[people.tracks[0].faces].sum())
    assert identity_of(people, "doctor") is None
    swapped = [Correction("reassign", 2, role="patient"), Correction("reassign", 1, role="irrelevant")]
    other = identity_of(correct_people(people, swapped), "patient")
    assert other is not None
    assert np.allclose(other[0], BERT, atol=1e-3)


def test_nobody_is_kept_where_a_correction_could_not_be_applied():
    people = patient_and_bystander()
    unfit = Correction("reassign", 1, role="irrelevant", basis="another version's")
    assert identity_of(correct_people(people, [unfit]), "patient") is None
