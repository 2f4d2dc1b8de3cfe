"""Labelled pictures from folders and archives; what is not a data set is refused in one sentence."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from emotion.dataset import emotion_number, load_dataset
from emotion.errors import UnreadableDataset
from emotion.labels import EMOTIONS


def save_npz(path, **changes):
    arrays = {
        "images": np.arange(3 * 4 * 4, dtype=np.uint8).reshape(3, 4, 4),
        "labels": np.array([1, 0, 1]),
        "classes": np.array(["happy", "Anger"]),
    }
    arrays |= changes
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return path


def test_an_archive_gives_colour_pictures_and_numbers_of_emotions(tmp_path):
    dataset = load_dataset(save_npz(tmp_path / "set.npz"))
    assert [EMOTIONS[label] for label in dataset.labels] == ["anger", "happiness", "anger"]
    picture = dataset.readers[1]()
    assert picture.shape == (4, 4, 3)
    assert (picture == np.arange(16, 32).reshape(4, 4, 1)).all()


def test_colours_of_an_archive_are_rgb_and_become_bgr(tmp_path):
    images = np.zeros((3, 2, 2, 3), np.uint8)
    images[..., 0] = 200
    picture = load_dataset(save_npz(tmp_path / "set.npz", images=images)).readers[0]()
    assert picture[0, 0].tolist() == [0, 0, 200]


def test_classes_that_are_no_emotion_of_ours_are_left_out_and_counted(tmp_path):
    dataset = load_dataset(save_npz(tmp_path / "set.npz", classes=np.array(["contempt", "fear"])))
    assert [EMOTIONS[label] for label in dataset.labels] == ["fear", "fear"]
    assert dataset.ignored == {"contempt": 1}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": None}, "images, labels and classes"),
        ({"labels": np.array([0, 1])}, "expected 3 whole-number labels"),
        ({"labels": np.array([0.0, 1.0, 1.0])}, "whole-number labels"),
        ({"labels": np.array([0, 1, 2])}, "below the number of classes"),
        ({"labels": np.array([0, -1, 1])}, "below the number of classes"),
        ({"images": np.zeros((3, 4, 4))}, "uint8"),
        ({"images": np.zeros((3, 4, 4, 2), np.uint8)}, "uint8"),
        ({"classes": np.array(["cat", "dog"])}, "has no picture of anger"),
        ({"images": np.zeros((0, 4, 4), np.uint8), "labels": np.zeros(0, int)}, "has no picture"),
        ({"classes": np.array([object()])}, "images, labels and classes"),
    ],
)
def test_an_archive_of_another_shape_is_refused(tmp_path, changes, message):
    with pytest.raises(UnreadableDataset, match=message):
        load_dataset(save_npz(tmp_path / "set.npz", **changes))


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 cut off"])
def test_a_broken_archive_is_refused(tmp_path, content):
    path = tmp_path / "set.npz"
    path.write_bytes(content)
    with pytest.raises(UnreadableDataset, match=r"set\.npz"):
        load_dataset(path)


def test_a_folder_has_one_sub_folder_per_class(tmp_path):
    for name in ("Happy/a.png", "sad/deep/b.PNG", "contempt/c.png"):
        path = tmp_path / "set" / name
        path.parent.mkdir(parents=True)
        cv2.imwrite(str(path), np.full((5, 6, 3), (10, 20, 30), np.uint8))
    (tmp_path / "set" / "Happy" / "Thumbs.db").write_bytes(b"")
    (tmp_path / "set" / "notes").mkdir()
    dataset = load_dataset(tmp_path / "set")
    assert [EMOTIONS[label] for label in dataset.labels] == ["happiness", "sadness"]
    assert dataset.ignored == {"contempt": 1}
    assert dataset.readers[0]().tolist() == [[[10, 20, 30]] * 6] * 5


@pytest.mark.parametrize("make", ["nothing", "text", "empty"])
def test_what_is_no_data_set_is_refused(tmp_path, make):
    path = tmp_path / "set"
    if make == "text":
        path.write_text("hello")
    elif make == "empty":
        path.mkdir()
    with pytest.raises(UnreadableDataset):
        load_dataset(path)


@pytest.mark.parametrize(
    ("spelling", "emotion"), [(" Angry ", "anger"), ("SAD", "sadness"), ("surprise",) * 2]
)
def test_emotions_are_known_by_their_usual_spellings(spelling, emotion):
    assert EMOTIONS[emotion_number(spelling)] == emotion
