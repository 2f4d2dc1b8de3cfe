from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emotion.compare import (
    Labelling,
    analyse_side_by_side,
    compare_labellings,
    labelling_of,
    models_to_compare,
)
from emotion.labels import EMOTIONS
from emotion.pipeline import analyse_camera
from emotion.recipes import DEFAULT_MODEL
from emotion.sampling import Engine
from tests import videos
from tests.emotion.stand_ins import Brightness, MeanColour, OneFace, engine


class Contrary(Brightness):
    """Takes bright faces for sad and dark ones for happy."""

    name = "contrary"

    def classify(self, faces_bgr):
        probs = super().classify(faces_bgr)
        happy, sad = EMOTIONS.index("happiness"), EMOTIONS.index("sadness")
        probs[:, [happy, sad]] = probs[:, [sad, happy]]
        return probs


def test_each_model_gives_what_it_gives_alone_while_faces_are_found_once(tmp_path: Path):
    path = videos.write_normal(tmp_path)
    detector = OneFace()
    both = analyse_side_by_side(
        path,
        camera="patient",
        engine=Engine(detector, Brightness(), MeanColour(), 1),
        recognisers=[Brightness(), Contrary()],
    )
    assert len(detector.seen) == len(both[0].people.samples.frame_times_us)
    for found, recogniser in zip(both, (Brightness(), Contrary()), strict=True):
        alone = analyse_camera(path, camera="patient", engine=Engine(OneFace(), recogniser, MeanColour(), 2))
        assert found.rows == alone.rows
        assert np.array_equal(found.people.samples.probs, alone.people.samples.probs)
    assert both[0].rows != both[1].rows


def test_progress_of_a_comparison_ends_at_one_and_never_falls(tmp_path: Path):
    told: list[float] = []
    analyse_side_by_side(
        videos.write_normal(tmp_path),
        camera="patient",
        engine=engine(),
        recognisers=[Brightness(), Contrary()],
        progress=told.append,
    )
    assert told == sorted(told)
    assert 0 < told[-1] <= 1


def test_every_pair_is_compared_once_in_the_order_of_the_names():
    one = Labelling("a", {0: "anger", 1: "fear"}, 4)
    found = compare_labellings([one, Labelling("b", {0: "anger"}), Labelling("c", {1: "anger"})])
    assert [(pair["first"], pair["second"], pair["seconds"]) for pair in found["pairs"]] == [
        ("a", "b", 1),
        ("a", "c", 1),
        ("b", "c", 0),
    ]
    assert found["labellings"][0] == {
        "name": "a",
        "seconds": 4,
        "seconds_labelled": 2,
        "seconds_by_emotion": {"anger": 1, "fear": 1},
    }


@pytest.mark.parametrize("names", [[], ["a"], ["a", "a"]])
def test_fewer_than_two_names_cannot_be_compared(names: list[str]):
    with pytest.raises(ValueError, match="two labellings"):
        compare_labellings([Labelling(name, {}) for name in names])


def test_models_compared_by_themselves_are_the_default_and_single_networks():
    names = models_to_compare()
    assert names[0] == DEFAULT_MODEL
    assert {"fer", "human", "densenet", "face-api"} <= set(names)
    assert "human+fer" not in names


def test_labelling_of_an_analysis_has_its_ok_seconds_only(tmp_path: Path):
    blind = analyse_camera(
        videos.write_normal(tmp_path), camera="patient", engine=engine(blind=range(0, 1000))
    )
    found = labelling_of("none", blind)
    assert (found.labels, found.rows_of) == ({}, len(blind.rows))
