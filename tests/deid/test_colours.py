"""The donor wears the person's skin and hair, so that no bald head begins above the face."""

from __future__ import annotations

import numpy as np

from deid.colours import CHIN, SKIN, TOP, read_hair, read_skin
from deid.donors import Looks, dress
from deid.watched import Watched

BLOND, RED = np.array([(97, 128, 160), (10, 10, 250)], np.float32)  # BGR
TONE = np.array([120, 150, 190], np.float32)


def standing_face(top: int):
    """Return a picture whose upper part is blond down to a row, and landmarks of a face that begins there."""
    picture = np.full((200, 120, 3), TONE, np.uint8)
    picture[:top] = BLOND
    points = np.full((468, 3), (60.0, top + 60.0, 0.0), np.float32)
    points[TOP, 1], points[CHIN, 1] = top + 5, top + 105
    points[list(SKIN), 1] = top + 50
    return picture, points


def albedo_of(person):
    return next(layer for layer in person.layers if layer.name == "head").texture[..., :3]


def test_hair_is_read_above_the_forehead_and_skin_below_it():
    picture, points = standing_face(top=60)
    assert np.allclose(read_hair(picture, points), BLOND)
    assert np.abs(read_skin(picture, points) - TONE).max() < 2


def test_hair_that_is_cut_off_is_not_known():
    picture, points = standing_face(top=4)
    assert np.isnan(read_hair(picture, points)).all()


def test_the_hair_of_a_person_is_that_of_the_moments_that_show_it():
    seen = Watched.none(4)
    seen.glances[:3, :5] = (120, 150, 190, 30, 0.5)
    seen.glances[1, 5:] = BLOND
    rows = np.arange(4)
    assert np.allclose(seen.looks_of(rows, None).hair_bgr, BLOND)
    assert seen.looks_of(rows[:1], None).hair_bgr is None


def test_a_donor_wears_the_persons_hair_above_the_face_and_none_when_it_is_unknown():
    bald, red = (Looks(TONE, 35.0, 0.5, hair_bgr=hair) for hair in (None, RED))
    plain, worn = (albedo_of(dress("donor-70", person)) for person in (bald, red))
    changed = np.abs(worn - plain).max(axis=-1) > 0.02
    assert 0.1 < changed.mean() < 0.8
    redder = worn[changed][:, 0] - worn[changed][:, 2]
    assert np.median(redder) > 0.5  # the hair is red and nothing else of the head is
