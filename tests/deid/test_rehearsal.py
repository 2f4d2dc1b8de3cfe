"""Hiding other people as an attacker does: who is seen, who gets which donor, and what may stop it."""

from __future__ import annotations

import numpy as np
import pytest

from deid.errors import FaceRemains
from deid.imitation import show_person
from deid.observe import find_faces
from deid.recognisers import Identifier
from deid.rehearsal import LARGEST_SIDE, Stage
from emotion.errors import OutputUnwritable, StorageFails, WeightsMissing
from emotion.media import probe_video
from tests import videos
from tests.deid.stand_ins import hiding
from tests.emotion.stand_ins import MeanColour, OneFace


@pytest.fixture
def stage(tmp_path):
    def make(method="blur", blind=()):
        return Stage(
            method, hiding=hiding(), detector=OneFace(blind),
            identifiers=(Identifier("colour", MeanColour(), 0.999),), scratch=tmp_path.joinpath,
        )  # fmt: skip

    return make


def test_a_person_who_appears_after_a_second_is_hidden_like_the_others(tmp_path, stage):
    found = stage(blind=range(26)).rehearse_file(videos.write_normal(tmp_path), 0)
    assert found is not None
    assert len(found.before["colour"]) == len(found.after["colour"]) > 0


def test_nobody_gets_the_donor_of_another(stage, monkeypatch):
    asked = []
    monkeypatch.setattr(Stage, "_hide", lambda self, shown, donor: asked.append(donor) or [])
    shown = [(np.zeros((9, 9, 3), np.uint8), OneFace().detect(np.zeros((9, 9, 3), np.uint8)))]
    for number in range(24):
        stage("swap").rehearse(shown, number)
    stage("swap").rehearse(shown, 24, donors=3)
    assert len(set(asked)) == len(asked) == 27


@pytest.mark.parametrize("trouble", [OutputUnwritable, StorageFails, WeightsMissing])
def test_a_failure_of_the_machine_is_not_taken_for_one_of_the_method(tmp_path, stage, monkeypatch, trouble):
    def fail(*_args, **_more):
        raise kind("no")

    monkeypatch.setattr("deid.rehearsal.deidentify", fail)
    source, kind = videos.write_normal(tmp_path), FaceRemains
    assert stage().rehearse_file(source, 0) is None
    kind = trouble
    with pytest.raises(trouble):
        stage().rehearse_file(source, 0)


def test_the_person_is_shown_as_small_as_the_gallery(tmp_path):
    source = videos.write_recording(tmp_path / "large.mp4", times=range(3), size=(1440, 960))
    found = find_faces(source, probe_video(source), engine=hiding().finder)
    image, face = show_person(source, found, 1).shown[0]
    assert image.shape == (480, LARGEST_SIDE, 3)
    left, top, right, bottom = face.boxes_px[0]
    assert 0 <= left < right <= 720
    assert 0 <= top < bottom <= 480
