"""Real faces, real cameras: the paths that synthetic pictures cannot prove."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from emotion.conclude import CameraAnalysis
from emotion.media import read_frames, write_video
from emotion.pipeline import analyse_camera, analyse_encounter, load_engine
from emotion.sampling import Engine

pytestmark = pytest.mark.real_clips


@pytest.fixture(scope="module")
def networks(weights_dir: Path) -> Engine:
    return load_engine(weights_dir, device="cpu")


@pytest.fixture(scope="module")
def patient(shared_data: Path, networks: Engine) -> CameraAnalysis:
    path = shared_data / "clips" / "consultation_a_camera_patient.mp4"
    return analyse_camera(path, camera="patient", engine=networks)


def test_patient_is_one_track_in_every_second(patient: CameraAnalysis):
    assert {row.status for row in patient.rows} == {"ok"}
    assert {row.track for row in patient.rows} == {1}
    assert len(patient.rows) == 24


def test_crying_and_laughing_are_told_apart(patient: CameraAnalysis):
    assert {row.emotion for row in patient.rows[1:6]} == {"sadness"}
    assert {row.emotion for row in patient.rows[11:19]} == {"happiness"}


def test_bystander_from_7_to_13_s_is_irrelevant(patient: CameraAnalysis):
    bystander = patient.people.roles[1]
    faces = patient.people.tracks[1].faces
    times_us = patient.people.samples.face_times_us[faces]
    assert bystander.role == "irrelevant"
    assert bystander.confidence > 0.9
    assert (times_us[0], times_us[-1]) == (7_000_000, 13_000_000)
    assert len(patient.people.tracks) == 2


def test_the_doctors_camera_began_640_ms_later(shared_data: Path, networks: Engine):
    paths = {
        camera: shared_data / "clips" / f"consultation_a_camera_{camera}.mp4"
        for camera in ("patient", "doctor")
    }
    encounter = analyse_encounter(paths, engine=networks)
    doctor = encounter.cameras[1]
    assert encounter.sync_applied
    assert doctor.offset_us == pytest.approx(640_000, abs=40_000)
    assert (doctor.rows[0].second, doctor.rows[0].frames_sampled) == (0, 2)
    assert doctor.summary.detection_rate is not None
    assert doctor.summary.detection_rate > 0.9


def test_video_without_a_face_has_four_empty_seconds(shared_data: Path, networks: Engine):
    analysis = analyse_camera(shared_data / "clips" / "no_face.mp4", camera="patient", engine=networks)
    assert [row.status for row in analysis.rows] == ["no_face"] * 4


def test_crowd_has_one_person_at_most_per_second(shared_data: Path, networks: Engine):
    analysis = analyse_camera(shared_data / "clips" / "street_crowd.mp4", camera="patient", engine=networks)
    assert len(analysis.rows) == 5
    assert len(analysis.people.tracks) > 5
    assert len([role for role in analysis.people.roles if role.role == "patient"]) <= 2


def test_cuts_between_two_people_give_each_one_track(shared_data: Path, networks: Engine, tmp_path: Path):
    """Patient, doctor, patient nearer and from the other side, doctor: each from the same chair, cut hard."""
    frames = []
    for camera, mirrored in (("patient", False), ("doctor", False), ("patient", True), ("doctor", False)):
        clip = shared_data / "clips" / f"consultation_a_camera_{camera}.mp4"
        stretch = list(read_frames(clip, sample_fps=Fraction(5), end_us=3_800_000))
        frames += [frame.image_bgr[:, ::-1].copy() if mirrored else frame.image_bgr for frame in stretch]
    path = tmp_path / "cuts.mp4"
    write_video(path, ((200_000 * number, frame) for number, frame in enumerate(frames)), preset="ultrafast")
    people = analyse_camera(path, camera="patient", engine=networks).people
    assert [len(track.faces) for track in people.tracks] == [38, 38]
    assert sorted(role.role for role in people.roles) == ["irrelevant", "patient"]
