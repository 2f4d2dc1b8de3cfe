"""Pictures with no face, one that fills them, or several; in plain values for JSON."""

from __future__ import annotations

import json
from fractions import Fraction

import cv2
import numpy as np
import pytest

from emotion.errors import UnreadableImage
from emotion.labels import EMOTIONS
from emotion.media import read_frames
from emotion.stills import classify_images, detect_still, largest_face, open_still_detector
from emotion.types import Detections


class Recorder:
    """A detector that finds one face, a fixed share of the picture, in pictures of one size only."""

    def __init__(self, side: int) -> None:
        self.side = side
        self.shapes: list[tuple[int, ...]] = []

    def detect(self, image):
        self.shapes.append(image.shape)
        if image.shape[0] != self.side:
            return Detections.none()
        box = np.array([[60, 60, 132, 132]], np.float32)
        return Detections(box, np.ones(1, np.float32), np.full((1, 5, 2), 96, np.float32))

    def detect_many(self, images):
        return [self.detect(image) for image in images]


def test_a_large_picture_is_searched_as_it_is():
    detector = Recorder(400)
    found = detect_still(np.zeros((400, 600, 3), np.uint8), detector)
    assert detector.shapes == [(400, 600, 3)]
    assert found.boxes_px.tolist() == [[60, 60, 132, 132]]


def test_a_picture_without_a_find_is_searched_again_with_space_around_it():
    detector = Recorder(192)
    found = detect_still(np.zeros((480, 480, 3), np.uint8), detector)
    assert detector.shapes == [(480, 480, 3), (192, 192, 3)]
    # inset of 96 at (48, 48): (60 - 48) * 5 = 60, (132 - 48) * 5 = 420
    np.testing.assert_allclose(found.boxes_px, [[60, 60, 420, 420]])
    np.testing.assert_allclose(found.points_px[0, 0], [240, 240])


def test_a_small_picture_is_enlarged_and_boxes_end_at_its_border():
    detector = Recorder(192)
    found = detect_still(np.zeros((24, 48, 3), np.uint8), detector)
    assert detector.shapes == [(192, 192, 3)]
    # scale 2, inset 96 x 48 at (48, 72): y from (60 - 72) / 2 = -6 to (132 - 72) / 2 = 30, cut to 0..24
    np.testing.assert_allclose(found.boxes_px, [[6, 0, 42, 24]])


def test_the_largest_face_is_the_one_with_the_greatest_area():
    boxes = np.array([[0, 0, 9, 9], [0, 0, 5, 40], [0, 0, 10, 10]], np.float32)
    faces = Detections(boxes, np.ones(3, np.float32), np.zeros((3, 5, 2), np.float32))
    assert largest_face(faces) == 1
    with pytest.raises(ValueError, match="at least one face"):
        largest_face(Detections.none())


def test_an_unknown_crop_is_refused():
    with pytest.raises(ValueError, match="expected a crop of auto, full, got 'tight'"):
        open_still_detector("tight")


def test_a_whole_picture_is_one_face(weights_dir, tmp_path):
    path = tmp_path / "face.png"
    cv2.imwrite(str(path), np.full((30, 40, 3), 90, np.uint8))
    told = []
    options = {"model": "fer", "weights_dir": weights_dir, "crop": "full", "progress": told.append}
    (picture,) = json.loads(json.dumps(classify_images([path], **options)))
    assert (picture["file"], picture["width"], picture["height"]) == (str(path), 40, 30)
    (face,) = picture["faces"]
    assert face["box_px"] == [0, 0, 40, 30]
    assert face["score"] is None
    assert list(face["probs"]) == list(EMOTIONS)
    assert sum(face["probs"].values()) == pytest.approx(1, abs=1e-5)
    assert face["emotion"] == max(face["probs"], key=face["probs"].get)
    assert told == [1.0]


def test_a_picture_without_a_face_has_none(weights_dir, tmp_path):
    path = tmp_path / "wall.png"
    cv2.imwrite(str(path), np.full((300, 400, 3), 90, np.uint8))
    (picture,) = classify_images([path], model="fer", weights_dir=weights_dir)
    assert picture["faces"] == []


def test_what_is_no_picture_is_refused(weights_dir, tmp_path):
    path = tmp_path / "text.png"
    path.write_text("hello")
    with pytest.raises(UnreadableImage):
        classify_images([path], model="fer", weights_dir=weights_dir)


@pytest.mark.real_clips
def test_a_smiling_patient_is_classified_as_happy(weights_dir, shared_data, tmp_path):
    clip = shared_data / "clips" / "consultation_a_camera_patient.mp4"
    frames = [frame.image_bgr for frame in read_frames(clip, sample_fps=Fraction(1))]
    paths = [tmp_path / f"{second}.png" for second in (15, 19)]
    for path in paths:
        cv2.imwrite(str(path), frames[int(path.stem)])
    for picture in classify_images(paths, weights_dir=weights_dir):
        assert picture["faces"][0]["emotion"] == "happiness"
        assert picture["faces"][0]["confidence"] > 0.9
