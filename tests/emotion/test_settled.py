from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from emotion.conclude import conclude_camera, conclude_encounter, conclude_people
from emotion.people import Correction, People, correct_people
from emotion.settled import read_settled, write_settled
from emotion.types import VideoInfo
from tests.emotion.faces import SIZE_WH, Face, grid, probs_of, samples_of

ANNA, BERT = (1.0, 0.0), (0.0, 1.0)
VIDEO = VideoInfo(
    path=Path("p.mp4"),
    size_bytes=1,
    container="mp4",
    codec="h264",
    pixel_format="yuv420p",
    width=SIZE_WH[0],
    height=SIZE_WH[1],
    rotation_deg=0,
    duration_us=10_000_000,
    frame_rate=Fraction(25),
    has_audio=False,
    audio_codec=None,
    audio_rate_hz=None,
    created_at=None,
)


def patient_and_bystander() -> People:
    """Track 1: Anna, happy. Track 2: Bert in the corner, sad, in seconds 3 to 7."""
    faces = [Face(t, side=300, person=ANNA, probs=probs_of(happiness=0.8)) for t in grid(10)]
    faces += [
        Face(t, x=100, y=100, side=60, person=BERT, probs=probs_of(sadness=0.8))
        for t in grid(4, start_us=3_000_000)
    ]
    return conclude_camera(samples_of(faces, grid(10)), camera="patient", video=VIDEO).found


def kept(folder: Path, found: People, *corrections: Correction) -> Path:
    path = folder / "people.npz"
    write_settled(found, correct_people(found, corrections), path, camera="patient")
    return path


def test_what_is_kept_gives_the_same_rows_and_roles_without_embeddings(tmp_path: Path):
    found = patient_and_bystander()
    again = read_settled(kept(tmp_path, found), camera="patient")
    assert again is not None
    assert again.samples.embeddings.size == 0
    assert not again.samples.is_embedded.any()
    assert (again.roles, again.basis) == (found.roles, found.basis)
    rows = [conclude_people(people, camera="patient", video=VIDEO).rows for people in (found, again)]
    assert rows[0] == rows[1]
    assert len(rows[0]) == 10


def test_what_a_bystander_expresses_is_not_kept(tmp_path: Path):
    found = patient_and_bystander()
    again = read_settled(kept(tmp_path, found), camera="patient")
    assert again is not None
    assert not again.samples.probs[found.tracks[1].faces].any()
    assert np.array_equal(
        again.samples.probs[found.tracks[0].faces], found.samples.probs[found.tracks[0].faces]
    )


@pytest.mark.parametrize(
    ("correction", "needs_the_recording"),
    [
        (Correction("reassign", 2, role="patient"), True),
        (Correction("reassign", 2, role="doctor"), False),
        (Correction("reassign", 1, role="irrelevant"), False),
        (Correction("split", 1, at_us=5_000_000), False),
        (Correction("reassign", 9, role="patient"), False),
    ],
)
def test_only_a_person_who_newly_counts_needs_the_recording_again(
    tmp_path: Path, correction: Correction, needs_the_recording: bool
):
    path = kept(tmp_path, patient_and_bystander())
    assert (read_settled(path, [correction], camera="patient") is None) == needs_the_recording


def test_what_was_kept_for_a_correction_serves_it(tmp_path: Path):
    swap = [Correction("reassign", 2, role="patient"), Correction("reassign", 1, role="irrelevant")]
    found = patient_and_bystander()
    path = kept(tmp_path, found, *swap)
    again = read_settled(path, swap, camera="patient")
    assert again is not None
    rows = conclude_people(again, camera="patient", video=VIDEO, corrections=swap).rows
    assert {row.emotion for row in rows if row.status == "ok"} == {"sadness"}
    assert read_settled(path, camera="patient") is None, "the happy person would count again"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not an archive"])
def test_a_damaged_file_means_that_the_recording_is_needed(tmp_path: Path, content: bytes):
    path = tmp_path / "people.npz"
    assert read_settled(path, camera="patient") is None
    path.write_bytes(content)
    assert read_settled(path, camera="patient") is None


def test_a_hand_made_role_goes_before_what_the_other_camera_knows():
    ours = patient_and_bystander()
    faces = [Face(t, person=BERT) for t in grid(10)]
    cameras = [
        conclude_people(ours, camera="patient", video=VIDEO),
        conclude_camera(samples_of(faces, grid(10)), camera="doctor", video=VIDEO),
    ]
    known, *_ = conclude_encounter(cameras).cameras
    assert known.people.role_of(2) == "doctor"
    said = {"patient": [Correction("reassign", 2, role="irrelevant")]}
    told, *_ = conclude_encounter(cameras, corrections=said).cameras
    assert (told.people.role_of(2), told.found.role_of(2)) == ("irrelevant", "doctor")
