from __future__ import annotations

from emotion.roles import RoleAssignment, assign_roles
from emotion.track import link_tracks
from tests.emotion.faces import SIZE_WH, Face, grid, samples_of

ANNA, BERT = (1.0, 0.0), (0.0, 1.0)


def roles_of(faces: list[Face], seconds: float, camera: str = "patient") -> tuple[RoleAssignment, ...]:
    samples = samples_of(faces, grid(seconds))
    return assign_roles(samples, link_tracks(samples), camera=camera, size_wh=SIZE_WH)


def test_no_track_gives_no_role():
    assert roles_of([], 3) == ()


def test_single_person_is_the_cameras_own_without_doubt():
    (only,) = roles_of([Face(t) for t in grid(3)], 3)
    assert (only.role, only.confidence) == ("patient", 1.0)


def test_camera_without_a_role_has_a_person():
    (only,) = roles_of([Face(t) for t in grid(3)], 3, camera="ward_3")
    assert only.role == "person"


def test_small_bystander_in_the_corner_is_irrelevant_and_the_reasons_say_why():
    people = [Face(t, side=300) for t in grid(10)]
    people += [Face(t, x=100, y=100, side=60) for t in grid(4, start_us=3_000_000)]
    patient, bystander = roles_of(people, 10)
    assert (patient.role, bystander.role) == ("patient", "irrelevant")
    assert patient.confidence > 0.9
    assert "face is 20% of that one's height" in bystander.reasons


def test_longer_presence_wins_over_a_short_close_up():
    people = [Face(t, side=150) for t in grid(20)]
    people += [Face(t, x=300, side=260) for t in grid(1, start_us=8_000_000)]
    assert [role.role for role in roles_of(people, 20)] == ["patient", "irrelevant"]


def test_return_after_more_than_a_minute_is_still_the_same_person():
    people = [Face(t, person=ANNA) for t in grid(2)]
    people += [Face(t, x=300, person=ANNA) for t in grid(2, start_us=80_000_000)]
    assert [role.role for role in roles_of(people, 82)] == ["patient", "patient"]


def test_return_without_an_embedding_goes_by_place_and_size():
    people = [Face(t) for t in grid(4)] + [Face(t, x=660, side=190) for t in grid(2, start_us=9_000_000)]
    people += [Face(t, x=1200, side=60) for t in grid(1, start_us=6_000_000)]
    assert [role.role for role in roles_of(people, 11)] == ["patient", "irrelevant", "patient"]


def test_another_person_on_the_patients_chair_is_irrelevant():
    people = [Face(t, person=ANNA) for t in grid(6)] + [
        Face(t, person=BERT) for t in grid(2, start_us=8_000_000)
    ]
    assert [role.role for role in roles_of(people, 10)] == ["patient", "irrelevant"]


def test_two_glimpses_make_no_person():
    (glimpse,) = roles_of([Face(t) for t in grid(0.4)], 10)
    assert (glimpse.role, glimpse.reasons) == ("irrelevant", ("seen in 2 sampled frames only",))


def test_one_frame_recording_may_still_have_its_person():
    (only,) = roles_of([Face(0)], 0.2)
    assert only.role == "patient"
