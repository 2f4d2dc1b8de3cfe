"""The networks that de-identification adds, on the two synthetic people of the demonstration."""

from __future__ import annotations

import numpy as np

from deid.age_sex import AgeSexReader
from deid.demo import demo_videos
from deid.landmarks import FaceMesh
from deid.recognisers import DlibIdentity
from emotion.detect import CenterFace
from emotion.media import read_frames


def test_the_second_identity_network_keeps_turned_faces_of_one_person_closer_than_two_people(weights_dir):
    embedder, detector = DlibIdentity(weights_dir), CenterFace(weights_dir)
    vectors = {}
    for camera, path in demo_videos().items():
        frames = [frame.image_bgr for frame in read_frames(path, end_us=1_000_000)]
        vectors[camera] = [embedder.embed(frame, detector.detect(frame))[0] for frame in frames[::12]]
    same = float(vectors["patient"][0] @ vectors["patient"][-1])
    assert same > float(vectors["patient"][0] @ vectors["doctor"][0]) + 0.02


def test_the_mesh_of_a_face_lies_on_its_five_points(weights_dir):
    frame = next(read_frames(demo_videos()["patient"])).image_bgr
    faces = CenterFace(weights_dir).detect(frame)
    mesh = FaceMesh(weights_dir).find(frame, faces.points_px[0], faces.boxes_px[0])
    assert mesh is not None
    side = float(faces.boxes_px[0, 2] - faces.boxes_px[0, 0])
    mouth_corners = mesh.points_px[[61, 291], :2]
    assert np.abs(mouth_corners - faces.points_px[0, 3:]).max() < 0.15 * side


def test_the_patient_looks_male_and_adult_and_the_doctor_less_male(weights_dir):
    reader, detector = AgeSexReader(weights_dir), CenterFace(weights_dir)
    read = {}
    for camera, path in demo_videos().items():
        frame = next(read_frames(path)).image_bgr
        read[camera] = reader.read(frame, detector.detect(frame))
    assert read["patient"][1] < 0.2 < read["doctor"][1]
    assert all(18 < age < 60 for age, _ in read.values())
