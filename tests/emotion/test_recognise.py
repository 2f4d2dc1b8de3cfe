"""Every model sees faces as it was trained to, answers in one order, and is as good as its recipe says."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest

from emotion.errors import UnknownModel, WeightsMissing
from emotion.labels import EMOTIONS
from emotion.metrics import accuracy, confusion_matrix
from emotion.recipes import DEFAULT_MODEL, PRESETS, RECIPES, describe_weights, find_recipe
from emotion.recognise import PREPARATIONS, Network, load_recogniser, pool_opinions, softmax
from emotion.weights import WEIGHTS

SINGLES = ("densenet", "human", "face-api", "fer", "mobileface", "resnet")
# FER2013 validation, whole pictures: the recipe's accuracy less two standard errors of 1,000 (densenet: 150).
LEAST_ACCURACY = {
    "densenet": 0.61,
    "human": 0.60,
    "face-api": 0.53,
    "fer": 0.60,
    "human+fer": 0.63,
    "human+fer+face-api": 0.61,
    "mobileface": 0.61,
    "mobileface+human+fer": 0.64,
    "resnet": 0.64,
    "resnet+mobileface": 0.65,
    DEFAULT_MODEL: 0.63,
}


def noise(count: int, side: int = 90) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 255, (side, side, 3), np.uint8) for _ in range(count)]


@pytest.mark.parametrize(
    ("name", "bgr", "expected"),
    [
        ("densenet", (0, 0, 255), [1, 0, 0]),
        ("densenet", (255, 0, 0), [0, 0, 1]),
        ("face-api", (0, 0, 255), [(255 - 122.782) / 255, -117.001 / 255, -104.298 / 255]),
        ("human", (255, 255, 255), [1]),
        ("human", (0, 0, 0), [-1]),
        ("human", (0, 0, 255), [(76 - 127.5) / 127.5]),  # grey of pure red is 0.299 * 255
        ("fer", (0, 255, 0), [(150 - 127.5) / 127.5]),
        ("mobileface", (255, 255, 255), [1]),
        ("mobileface", (0, 0, 255), [(76 - 127) / 128]),
        ("resnet", (0, 0, 255), [(76 - 127) / 128]),
    ],
)
def test_a_plain_colour_arrives_as_the_network_expects_it(name, bgr, expected):
    face = np.full((40, 40, 3), bgr, np.uint8)
    prepared = PREPARATIONS[name].apply([face])
    size = PREPARATIONS[name].size
    assert prepared.shape == (1, len(expected), size, size)
    assert prepared.dtype == np.float32
    for channel, value in enumerate(expected):
        np.testing.assert_allclose(prepared[0, channel], value, atol=1e-6)


@pytest.mark.parametrize(("height", "width"), [(30, 60), (60, 30), (1, 7)])
def test_a_face_that_is_not_square_is_filled_up_and_not_stretched(height, width):
    face = np.zeros((height, width, 3), np.uint8)
    face[: height // 2] = 255
    prepared = PREPARATIONS["human"].apply([face])[0, 0]
    share = (prepared > 0).mean()
    if height >= width:
        assert share == pytest.approx(0.5, abs=0.02)
    elif height > 1:
        # 15 white rows of 30, and the 15 above them, are repeated: still half
        assert share == pytest.approx(0.5, abs=0.03)
    assert prepared.shape == (64, 64)


@pytest.mark.parametrize("name", RECIPES)
def test_no_faces_have_no_probabilities(weights_dir, name):
    probs = load_recogniser(name, weights_dir, threads=1).classify([])
    assert probs.shape == (0, 7)
    assert probs.dtype == np.float32


@pytest.mark.parametrize("name", RECIPES)
def test_probabilities_sum_to_1_and_faces_stay_as_they_are(weights_dir, name):
    faces = noise(3)
    before = [face.copy() for face in faces]
    probs = load_recogniser(name, weights_dir, threads=1).classify(faces)
    assert probs.shape == (3, len(EMOTIONS))
    assert (probs >= 0).all()
    np.testing.assert_allclose(probs.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(faces, before)


def test_the_order_and_number_of_faces_is_irrelevant(weights_dir):
    faces = noise(19)
    recogniser = load_recogniser(DEFAULT_MODEL, weights_dir, threads=1)
    together = recogniser.classify(faces)
    np.testing.assert_allclose(recogniser.classify(faces[::-1])[::-1], together, atol=1e-5)
    np.testing.assert_allclose(recogniser.classify(faces[4:5])[0], together[4], atol=1e-5)


def test_a_model_names_its_weights(weights_dir):
    recogniser = load_recogniser("human+fer", weights_dir, threads=1)
    assert recogniser.name == "human+fer"
    assert [one.name for one in recogniser.weights] == ["human", "fer"]


def test_the_record_of_a_run_names_package_version_and_hash():
    described = describe_weights(DEFAULT_MODEL)
    assert [one["name"] for one in described] == ["mobileface", "human", "fer", "face-api"]
    assert described[0]["package"] == "emotion.models"
    assert described[1]["package"] == "@vladmandic/human"
    assert described[1]["sha256"] == WEIGHTS["human"].sha256


def test_a_preset_is_a_recipe_by_another_name():
    assert find_recipe("fast") is RECIPES["human+fer"]
    assert find_recipe("best") is RECIPES[PRESETS["best"]]


@pytest.mark.parametrize("name", ["mobileface", "resnet"])
def test_a_sharp_face_passes_through_the_size_that_the_network_learnt_from(name):
    """A chequerboard of single pixels, finer than 48 across, arrives as an even grey."""
    fine = np.kron(np.indices((96, 96)).sum(0) % 2, np.ones((1, 1)))[..., None] * 255
    prepared = PREPARATIONS[name].apply([np.repeat(fine, 3, axis=2).astype(np.uint8)])
    assert np.ptp(prepared) < 0.02


def test_an_unknown_model_is_refused_with_the_names_that_exist(tmp_path):
    with pytest.raises(UnknownModel, match=r"best, fast, .*human\+fer, .* got 'vgg'"):
        load_recogniser("vgg", tmp_path)


def test_missing_weights_say_which_command_installs_them(tmp_path):
    with pytest.raises(WeightsMissing, match="python -m emotion weights install"):
        load_recogniser("fer", tmp_path)


def test_one_opinion_with_exponent_one_is_itself():
    probs = np.array([[0.7, 0.2, 0.1]], np.float32)
    np.testing.assert_allclose(pool_opinions({"a": probs}, {"a": 1.0}), probs, rtol=1e-6)


def test_a_small_exponent_makes_an_opinion_less_sure():
    # square roots of 0.64 and 0.36 are 0.8 and 0.6
    pooled = pool_opinions({"a": np.array([[0.64, 0.36]], np.float32)}, {"a": 0.5})
    np.testing.assert_allclose(pooled, [[0.8 / 1.4, 0.6 / 1.4]], rtol=1e-6)


def test_opposite_opinions_cancel():
    pooled = pool_opinions(
        {"a": np.array([[0.8, 0.2]], np.float32), "b": np.array([[0.2, 0.8]], np.float32)},
        {"a": 1.0, "b": 1.0},
    )
    np.testing.assert_allclose(pooled, [[0.5, 0.5]], rtol=1e-6)


def test_certainty_of_one_network_leaves_the_others_a_voice():
    certain = np.array([[1.0, 0.0]], np.float32)
    assert np.isfinite(pool_opinions({"a": certain}, {"a": 1.0})).all()


def test_large_logits_do_not_overflow():
    np.testing.assert_allclose(softmax(np.array([[1000.0, 0.0]], np.float32)), [[1, 0]])


@pytest.fixture(scope="module")
def labelled(shared_data):
    with np.load(shared_data / "fer2013" / "validation.npz") as archive:
        order = np.random.default_rng(0).permutation(len(archive["labels"]))[:1000]
        return archive["images"][order], archive["labels"][order].astype(int)


@pytest.fixture(scope="module")
def opinion_of(labelled, weights_dir):
    """What a network says of the labelled pictures, asked once for all recipes; densenet of the first 150."""
    images = [cv2.cvtColor(image, cv2.COLOR_GRAY2BGR) for image in labelled[0]]
    return cache(
        lambda part: Network(part, weights_dir).classify(images[: 150 if part == "densenet" else None])
    )


@pytest.mark.real_clips
@pytest.mark.parametrize("name", LEAST_ACCURACY)
def test_a_model_is_as_good_as_its_recipe_says(opinion_of, labelled, name):
    recipe = find_recipe(name)
    count = min(len(opinion_of(part)) for part in recipe.exponents)
    labels = labelled[1][:count]
    probs = pool_opinions({part: opinion_of(part)[:count] for part in recipe.exponents}, recipe.exponents)
    confusion = confusion_matrix(labels, probs.argmax(axis=1), len(EMOTIONS))
    assert accuracy(confusion) > LEAST_ACCURACY[name]


@pytest.mark.real_clips
@pytest.mark.parametrize("name", SINGLES)
def test_no_two_columns_of_a_network_are_swapped(opinion_of, labelled, name):
    """Swapping any two labels would give the true emotions less probability."""
    probs = opinion_of(name)
    labels = labelled[1][: len(probs)]
    table = np.array([probs[labels == number].mean(axis=0) for number in range(len(EMOTIONS))])
    kept = table.diagonal()[:, None] + table.diagonal()[None, :]
    gain = kept - (table + table.T)
    assert (gain[~np.eye(len(EMOTIONS), dtype=bool)] > 0).all()
