from __future__ import annotations

import numpy as np
import pytest

from deid.expression import (
    compare_model,
    concordance,
    correlate,
    correlate_channels,
    jitter_of,
    mean_of,
    read_seconds,
)
from deid.landmarks import CHANNELS, align_mesh, read_channels


def probs(emotion_at, sure=0.7):
    row = np.full(7, (1 - sure) / 6, np.float32)
    row[emotion_at] = sure
    return row


def test_nothing_read_gives_nothing():
    empty = compare_model("m", {}, {})
    assert (empty.seconds, empty.agreement, empty.kappa) == (0, None, None)
    assert set(empty.ccc.values()) == {None}
    assert read_seconds([], []) == {}
    assert jitter_of(np.zeros((2, 5, 2))) is None
    assert mean_of({"a": None}) is None


def test_a_second_is_the_mean_of_its_readings():
    seconds = read_seconds([0, 900_000, 1_000_000], [probs(0), probs(1), probs(2)])
    assert seconds[0] == pytest.approx((probs(0) + probs(1)) / 2)
    assert seconds[1] == pytest.approx(probs(2))


def test_agreement_and_kappa_are_those_of_the_seconds_that_both_read():
    before = {0: probs(3), 1: probs(3), 2: probs(5), 3: probs(5)}
    after = {0: probs(3), 1: probs(5), 2: probs(5), 9: probs(1)}
    found = compare_model("m", before, after)
    assert found.seconds == 3
    assert found.agreement == pytest.approx(2 / 3)
    assert found.kappa == pytest.approx(0.4)


def test_the_same_readings_agree_wholly():
    rows = {at: probs(at % 7, 0.4 + 0.1 * (at % 3)) for at in range(12)}
    found = compare_model("m", rows, rows)
    assert (found.agreement, found.kappa) == (1, 1)
    assert all(value == pytest.approx(1) for value in found.ccc.values())


def test_concordance_sees_a_shift_that_correlation_does_not():
    values = np.linspace(0, 1, 20).astype(np.float32)
    assert correlate(values, values + 1) == pytest.approx(1)
    assert concordance(values, values + 1) < 0.2


def test_what_does_not_move_has_no_correlation():
    assert correlate(np.full(30, 0.5, np.float32), np.random.default_rng(0).random(30)) is None
    still = np.tile(np.arange(7, dtype=np.float32), (20, 1))
    assert correlate_channels(still, still) == dict.fromkeys(CHANNELS)


def test_trembling_counts_and_steady_movement_does_not():
    steady = np.linspace(0, 1, 30)[:, None, None] * np.ones((1, 5, 2))
    assert jitter_of(steady) == pytest.approx(0, abs=1e-12)
    trembling = steady + np.random.default_rng(0).normal(0, 0.01, steady.shape)
    assert jitter_of(trembling) > 0.01


@pytest.mark.parametrize("turn", [0.0, 0.4])
def test_channels_do_not_depend_on_place_size_and_tilt(turn):
    points = np.random.default_rng(1).random((468, 3)).astype(np.float32)
    rotation = np.array(
        [[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]], np.float32
    )
    moved = 3 * points @ rotation.T + np.array([7, 8, 9], np.float32)
    assert read_channels(moved) == pytest.approx(read_channels(points), abs=1e-4)
    assert align_mesh(moved) == pytest.approx(align_mesh(points), abs=1e-3)


def test_an_opening_mouth_moves_its_channel_alone():
    points = np.random.default_rng(1).random((468, 3)).astype(np.float32)
    opened = points.copy()
    opened[14] += 0.2
    changed = read_channels(opened) != pytest.approx(read_channels(points))
    assert changed
    moved = np.flatnonzero(np.abs(read_channels(opened) - read_channels(points)) > 1e-6)
    assert [CHANNELS[at] for at in moved] == ["mouth_open"]
