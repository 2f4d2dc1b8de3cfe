"""An evaluation counts every picture, also those without a face; figures are as worked out by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from emotion.dataset import Dataset
from emotion.evaluate import Answers, classify_dataset, evaluate_dataset, summarise_answers
from emotion.labels import EMOTIONS
from emotion.types import Detections


class Scripted:
    """Reads the answer off the picture: its grey value is the emotion's number, and no face from 7 on."""

    name = "scripted"
    weights = ()

    def crop(self, image, detections, index):
        return image

    def classify(self, faces):
        probs = np.full((len(faces), 7), 0.05, np.float32)
        for row, face in enumerate(faces):
            probs[row, face[0, 0, 0]] = 0.7
        return probs

    def detect(self, image):
        middle = image[image.shape[0] // 2, image.shape[1] // 2, 0]
        if middle >= 7:
            return Detections.none()
        box = np.array([[0, 0, 10, 10]], np.float32)
        return Detections(box, np.ones(1, np.float32), np.zeros((1, 5, 2), np.float32))

    def detect_many(self, images):
        return [self.detect(image) for image in images]


def dataset_of(answers, labels):
    readers = [lambda value=value: np.full((20, 20, 3), value, np.uint8) for value in answers]
    return Dataset(readers, np.array(labels, np.int64), {})


def evaluate(answers, labels, *, detect):
    scripted = Scripted()
    dataset = dataset_of(answers, labels)
    found = classify_dataset(dataset, recogniser=scripted, detector=scripted if detect else None)
    return summarise_answers(dataset.labels, found)


def test_whole_pictures_are_all_classified():
    figures = evaluate([3, 3, 4, 0], [3, 3, 3, 0], detect=False)
    assert (figures["n"], figures["n_classified"], figures["detection_rate"]) == (4, 4, 1.0)
    assert figures["accuracy"] == figures["accuracy_of_all"] == 0.75
    assert figures["recall"]["happiness"] == pytest.approx(0.6667)
    assert figures["recall"]["fear"] is None
    # happiness: 2*2/(3+2) = 0.8; anger: 1
    assert figures["macro_f1"] == 0.9
    assert figures["confusion"][3] == [0, 0, 0, 2, 1, 0, 0]
    assert figures["ece"] == pytest.approx(0.05, abs=1e-4)


def test_a_picture_without_a_face_lowers_the_detection_rate_and_counts_as_wrong_of_all():
    figures = evaluate([3, 9, 3, 9], [3, 3, 4, 0], detect=True)
    assert (figures["n"], figures["n_classified"], figures["detection_rate"]) == (4, 2, 0.5)
    assert figures["accuracy"] == 0.5
    assert figures["accuracy_of_all"] == 0.25


def test_no_face_at_all_leaves_figures_unknown():
    figures = evaluate([9, 9], [3, 4], detect=True)
    assert figures["detection_rate"] == 0
    assert figures["accuracy"] is figures["macro_f1"] is figures["ece"] is figures["ms_per_face"] is None
    assert figures["accuracy_of_all"] == 0


def test_pictures_are_taken_in_batches_and_progress_ends_at_1():
    told = []
    dataset = dataset_of([number % 7 for number in range(150)], [0] * 150)
    answers = classify_dataset(dataset, recogniser=Scripted(), detector=None, progress=told.append)
    assert answers.numbers == list(range(150))
    assert answers.probs.argmax(axis=1).tolist() == [number % 7 for number in range(150)]
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_no_answers_have_no_probabilities():
    assert Answers().probs.shape == (0, 7)


def test_an_evaluation_fits_into_json(weights_dir, tmp_path):
    images = np.random.default_rng(0).integers(0, 255, (4, 48, 48), np.uint8)
    np.savez(tmp_path / "set.npz", images=images, labels=[0, 1, 2, 3], classes=list(EMOTIONS))
    figures = evaluate_dataset(tmp_path / "set.npz", model="fer", weights_dir=weights_dir, crop="full")
    again = json.loads(json.dumps(figures))
    contract = {"n", "accuracy", "macro_f1", "recall", "confusion", "detection_rate", "ece", "ms_per_face"}
    assert contract <= set(again)
    assert again["n"] == 4
    assert sum(map(sum, again["confusion"])) == 4


def test_another_crop_is_refused(weights_dir, tmp_path):
    np.savez(tmp_path / "set.npz", images=np.zeros((1, 8, 8), np.uint8), labels=[0], classes=list(EMOTIONS))
    with pytest.raises(ValueError, match="expected a crop of auto, full"):
        evaluate_dataset(tmp_path / "set.npz", weights_dir=weights_dir, crop="half")


@pytest.mark.real_clips
def test_faces_that_fill_their_picture_are_found(weights_dir, shared_data, tmp_path):
    with np.load(shared_data / "fer2013" / "validation.npz") as archive:
        order = np.random.default_rng(1).permutation(len(archive["labels"]))[:200]
        parts = {"images": archive["images"][order], "labels": archive["labels"][order]}
        np.savez(tmp_path / "set.npz", **parts, classes=archive["classes"])
    figures = evaluate_dataset(tmp_path / "set.npz", weights_dir=weights_dir, crop="auto")
    assert figures["detection_rate"] > 0.95
    assert figures["accuracy"] > 0.57
