"""A donor is read as the person was, and moves so that both read alike."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from deid import tuning
from deid.anchors import load_anchors
from deid.demo import demo_videos
from deid.draw import Motion
from deid.fit import make_model
from deid.landmarks import CHANNELS
from deid.moments import frames_at
from deid.pipeline import deidentify
from deid.response import load_response
from deid.task import Task, describe, load_hiding
from deid.tuning import LEAST, Scene, Tuner, lead_back, ridge
from emotion.media import picture_times, read_frames, write_video
from emotion.types import Detections
from tests import videos

FACE = Detections(np.zeros((1, 4), np.float32), np.ones(1, np.float32), np.zeros((1, 5, 2), np.float32))
BROW_HEIGHT = CHANNELS.index("brow_height")


@pytest.fixture(scope="module")
def model():
    return make_model(load_anchors(), load_response())


@pytest.fixture
def tuner(model, weights_dir):
    return Tuner(model, weights_dir)


def nodding(count):
    """Return moments of somebody who raises the brows now and then and nods all the time."""
    chance = np.random.default_rng(3)
    moments = []
    for at in range(count):
        raised, pitch = float(chance.uniform(0.1, 0.9)), 12 * float(np.sin(at))
        channels = np.zeros(7, np.float32)
        channels[BROW_HEIGHT] = 0.02 * raised
        motion = Motion(
            np.zeros((468, 2), np.float32), (0.0, pitch, 0.0), (0.0, 0.0), {"browInnerUp": raised}
        )
        moments.append(Scene(at * 40_000, motion, channels, FACE))
    return moments


def read_wrongly(effects, names):
    """Return how a donor reads whose brows rise when the head nods."""

    def read(self, donor, chosen, frame):
        motion = chosen[frame.time_us].motion
        units = np.array([motion.units.get(name, 0.0) for name in names])
        channels = units @ effects
        channels[BROW_HEIGHT] += 0.0006 * motion.turn[1]
        return channels

    return read


def height_of(tuner, moments, motions):
    names = tuner._model.units
    read = read_wrongly(tuner._effects, names)
    found = [
        read(None, None, {one.time_us: SimpleNamespace(motion=motion)}, SimpleNamespace(time_us=one.time_us))
        for one, motion in zip(moments, motions, strict=True)
    ]
    return np.array(found)[:, BROW_HEIGHT]


@pytest.fixture
def drawn_wrongly(tuner, monkeypatch):
    monkeypatch.setattr(Tuner, "_read", read_wrongly(tuner._effects, tuner._model.units))
    monkeypatch.setattr(
        tuning, "frames_at", lambda _, times: (SimpleNamespace(time_us=time_us) for time_us in times)
    )


def test_brows_that_seem_to_rise_with_every_nod_follow_the_person_once_tuned(tuner, drawn_wrongly):
    moments = nodding(120)
    wanted = np.array([one.channels[BROW_HEIGHT] for one in moments])
    before = height_of(tuner, moments, [one.motion for one in moments])
    motions, rounds = tuner.tune(None, None, moments, None)
    after = height_of(tuner, moments, motions)
    assert np.corrcoef(wanted, before)[0, 1] < 0.7
    assert np.corrcoef(wanted, after)[0, 1] > 0.9
    assert abs(after.mean() - before.mean()) < 0.2 * wanted.std()
    assert all(0 <= unit <= 1 for motion in motions for unit in motion.units.values())
    assert [one.shape for one in rounds] == [(11, 7)] * tuning.ROUNDS


def test_what_was_learnt_before_is_used_without_drawing_anything(tuner, drawn_wrongly, monkeypatch):
    moments = nodding(60)
    motions, rounds = tuner.tune(None, None, moments, None)
    monkeypatch.setattr(Tuner, "_read", lambda *_: pytest.fail("expected nothing to be drawn"))
    again, same = tuner.tune(None, None, moments, [np.array(one.tolist()) for one in rounds])
    assert again == motions
    assert all((one == other).all() for one, other in zip(rounds, same, strict=True))


def test_too_few_moments_or_none_that_can_be_read_leave_everything_as_it_is(
    tuner, drawn_wrongly, monkeypatch
):
    few, many = nodding(LEAST - 1), nodding(LEAST * 2)
    assert tuner.tune(None, None, few, None) == ([one.motion for one in few], [])
    monkeypatch.setattr(Tuner, "_read", lambda *_: None)
    assert tuner.tune(None, None, many, None) == ([one.motion for one in many], [])


def test_units_without_an_effect_stay_and_bounds_hold():
    units = np.array([[0.5, 0.5, 0.9]])
    effects = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 5.0]])
    moved = lead_back(units, np.array([[-0.1, 9.0]]), effects)
    assert moved[0, 1] == 0.5
    assert moved[0, 2] == 1.0
    assert 0.4 < moved[0, 0] < 0.5


def test_both_eyes_are_corrected_alike_and_the_mouth_may_tilt(tuner):
    names, tilt = tuner._model.units, CHANNELS.index("lip_corner_tilt")
    of = dict(zip(names, tuner._effects, strict=True))
    for name in ("eyeBlink", "eyeWide", "browDown", "browOuterUp"):
        assert (of[f"{name}Left"] == of[f"{name}Right"]).all()
        assert of[f"{name}Left"][tilt] == 0
    assert of["mouthSmileLeft"][tilt] == -of["mouthSmileRight"][tilt] != 0


def test_weights_foretell_what_is_linear():
    chance = np.random.default_rng(0)
    features = np.column_stack([np.ones(200), chance.normal(size=(200, 3))])
    values = features @ np.array([[2.0], [1.0], [0.0], [-3.0]])
    foretold = features @ ridge(features, values)
    assert np.corrcoef(foretold[:, 0], values[:, 0])[0, 1] > 0.99
    assert abs(foretold.mean() - values.mean()) < 1e-9


def test_single_frames_are_found_at_their_times_near_and_far(tmp_path, monkeypatch):
    path = videos.write_normal(tmp_path)
    times = picture_times(path)
    wanted = [times[at] for at in (0, 1, 5, 20)]
    every = {frame.time_us: frame.image_bgr for frame in read_frames(path)}
    for seek_us in (5_000_000, 100_000):
        monkeypatch.setattr("deid.moments.SEEK_US", seek_us)
        found = list(frames_at(path, wanted))
        assert [frame.time_us for frame in found] == wanted
        assert all((frame.image_bgr == every[frame.time_us]).all() for frame in found)
    assert list(frames_at(path, [])) == []


def test_a_swap_is_tuned_once_and_comes_out_the_same_again(weights_dir, tmp_path, monkeypatch):
    clip = tmp_path / "clip.mp4"
    frames = read_frames(demo_videos()["patient"], end_us=2_000_000)
    write_video(clip, ((frame.time_us, frame.image_bgr) for frame in frames))
    hiding, learn, learnt = load_hiding(weights_dir, device="cpu"), Tuner._learn, []
    monkeypatch.setattr(Tuner, "_learn", lambda *given: learnt.append(learn(*given)) or learnt[-1])
    outputs = [tmp_path / f"{name}.mp4" for name in ("one", "other")]
    reports = [deidentify(clip, one, Task("swap", donor="donor-3"), hiding=hiding) for one in outputs]
    assert len(learnt) == 2 * tuning.ROUNDS
    assert not any(one is None for one in learnt)
    assert outputs[0].read_bytes() == outputs[1].read_bytes()
    assert "tuning" not in describe(reports[0])
