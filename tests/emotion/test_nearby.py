"""Faces of neighbouring frames are found by looks at where they just were, and nobody is lost by it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from deid.observe import load_finder
from emotion.detect import CenterFace
from emotion.geometry import iou_matrix
from emotion.media import read_frames
from emotion.nearby import MOST_FACES, detect_along
from emotion.pipeline import Segment, sample_segment
from emotion.sampling import DETECTOR_SIDE
from emotion.types import Detections
from tests import videos
from tests.emotion.stand_ins import engine


class Scene:
    """A detector of pictures whose first pixel is a number: who is where in each is known beforehand."""

    def __init__(self, *frames: list[tuple[float, float, float, float]], reach_px: float = 10) -> None:
        self.frames = frames
        self.reach_px = reach_px
        self.whole: list[int] = []

    def pictures(self) -> list[np.ndarray]:
        return [np.full((100, 100, 3), number, np.uint8) for number in range(len(self.frames))]

    def detect(self, image):
        self.whole.append(int(image[0, 0, 0]))
        return self.found(image, lambda box: True)

    def detect_around(self, image, box_px):
        grown = box_px + self.reach_px * np.array([-1, -1, 1, 1])
        return self.found(image, lambda box: (grown[:2] <= box[:2]).all() and (box[2:] <= grown[2:]).all())

    def found(self, image, is_seen):
        boxes = [box for box in self.frames[int(image[0, 0, 0])] if is_seen(np.array(box))]
        boxes_px = np.array(boxes, np.float32).reshape(-1, 4)
        return Detections(
            boxes_px, np.full(len(boxes), 0.9, np.float32), np.zeros((len(boxes), 5, 2), np.float32)
        )


def at(left: float) -> tuple[float, float, float, float]:
    return left, 20, left + 20, 50


def counts(scene: Scene) -> list[int]:
    return [len(faces) for faces in detect_along(scene, scene.pictures())]


def test_only_the_first_frame_is_looked_at_as_a_whole_while_everybody_stays():
    scene = Scene([at(10), at(60)], [at(12), at(58)], [at(15), at(55)])
    assert counts(scene) == [2, 2, 2]
    assert scene.whole == [0]


def test_two_faces_side_by_side_are_each_found_once():
    scene = Scene([at(10), at(31)], [at(10), at(31)], reach_px=40)
    assert counts(scene) == [2, 2]


def test_a_face_that_jumps_away_is_searched_for_everywhere():
    scene = Scene([at(10)], [at(70)], [at(71)])
    assert counts(scene) == [1, 1, 1]
    assert scene.whole == [0, 1]


def test_while_somebody_is_missing_every_frame_is_looked_at_as_a_whole():
    scene = Scene([at(10), at(60)], [at(10)], [at(10)], [at(10), at(30)], [at(10), at(30)])
    assert counts(scene) == [2, 1, 1, 2, 2]
    assert scene.whole == [0, 1, 2, 3]


def test_a_face_that_takes_the_place_of_two_does_not_stand_for_both():
    scene = Scene([at(10), at(24)], [at(17)])
    assert counts(scene) == [2, 1]
    assert scene.whole == [0, 1]


def test_frames_without_a_face_are_looked_at_as_a_whole():
    scene = Scene([], [], [at(10)])
    assert counts(scene) == [0, 0, 1]
    assert scene.whole == [0, 1, 2]


def test_a_crowd_is_looked_at_as_a_whole():
    everybody = [at(20.0 * number) for number in range(MOST_FACES + 1)]
    scene = Scene(everybody, everybody)
    assert counts(scene) == [MOST_FACES + 1] * 2
    assert scene.whole == [0, 1]


def test_whoever_must_miss_nobody_looks_at_every_frame_as_a_whole(tmp_path, weights_dir):
    path = videos.write_normal(tmp_path)
    quick, thorough = engine(), replace(engine(), thorough=True)
    found = [sample_segment(path, Segment(0, None), engine=one) for one in (quick, thorough)]
    assert quick.detector.seen_around and not thorough.detector.seen_around
    assert len(found[0]) == len(found[1])
    assert load_finder(weights_dir).thorough  # de-identification


def test_no_frames_have_no_faces():
    assert detect_along(Scene(), []) == []


@pytest.mark.parametrize("clip", ["consultation_a_camera_patient", "one_face", "street_crowd", "no_face"])
def test_real_faces_are_found_as_often_and_in_the_same_places(clip, shared_data, weights_dir):
    detector = CenterFace(weights_dir, max_side=DETECTOR_SIDE)
    path = shared_data / "clips" / f"{clip}.mp4"
    seconds: dict[int, list[np.ndarray]] = {}
    for frame in read_frames(path, sample_fps=Fraction(5), end_us=12_000_000):
        seconds.setdefault(frame.time_us // 1_000_000, []).append(frame.image_bgr)
    near = [faces for images in seconds.values() for faces in detect_along(detector, images)]
    whole = [detector.detect(image) for images in seconds.values() for image in images]
    assert [len(faces) for faces in near] == [len(faces) for faces in whole]
    overlaps = [
        float(iou_matrix(one.boxes_px, other.boxes_px).max(axis=1).min())
        for one, other in zip(whole, near, strict=True)
        if len(one)
    ]
    assert all(overlap > 0.6 for overlap in overlaps)
