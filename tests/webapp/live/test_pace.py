"""The agreement: what is read is shared evenly, and nobody is asked for more than can be read."""

from __future__ import annotations

from itertools import pairwise

import pytest

from webapp.live.pace import AGREE_EVERY_S, BUSY_SHARE, FASTEST_MS, FULL_MS, LONG_WAIT_MS, SLOWEST_MS, Pace


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def costing(clock: Clock, cost_ms: float, workers: int = 1) -> Pace:
    pace = Pace(workers, clock=clock)
    for _ in range(200):
        pace.learn(2 * cost_ms, 2)
    return pace


def live_through(pace: Pace, clock: Clock, *, wait_ms: float, seconds: int, cameras: int) -> int:
    """Return the interval after so many seconds in which every frame waited so long."""
    for _ in range(seconds):
        for _ in range(20):
            pace.waited(wait_ms)
        clock.now_s += AGREE_EVERY_S
        pace.interval_ms(cameras)
    return pace.interval_ms(cameras)


def test_without_cameras_the_fastest_pace_is_offered(clock):
    assert Pace(1, clock=clock).interval_ms(0) == FASTEST_MS


@pytest.mark.parametrize(
    ("cost_ms", "cameras", "workers", "expected"),
    [(10, 2, 1, FASTEST_MS), (34, 20, 1, 800), (34, 20, 2, 400), (34, 1000, 1, SLOWEST_MS)],
)
def test_the_pool_is_shared_by_what_a_frame_costs(clock, cost_ms, cameras, workers, expected):
    assert costing(clock, cost_ms, workers).interval_ms(cameras) == pytest.approx(expected, abs=1)


def test_frames_that_wait_slow_everyone_down_until_they_do_not(clock):
    pace = costing(clock, 10)
    slow = live_through(pace, clock, wait_ms=2 * LONG_WAIT_MS, seconds=5, cameras=4)
    assert slow > 2 * FASTEST_MS
    assert live_through(pace, clock, wait_ms=2 * LONG_WAIT_MS, seconds=60, cameras=4) == SLOWEST_MS
    assert live_through(pace, clock, wait_ms=20, seconds=60, cameras=4) == FASTEST_MS


def test_a_wait_that_is_neither_long_nor_short_changes_nothing(clock):
    pace = costing(clock, 10)
    slow = live_through(pace, clock, wait_ms=2 * LONG_WAIT_MS, seconds=5, cameras=4)
    between = live_through(pace, clock, wait_ms=0.7 * LONG_WAIT_MS, seconds=3, cameras=4)
    assert between in (slow, round(slow * 1.2)), "the mean of the waits is still long in the first second"
    assert live_through(pace, clock, wait_ms=0.7 * LONG_WAIT_MS, seconds=9, cameras=4) == between


def test_one_long_wait_among_many_is_forgiven(clock):
    pace = costing(clock, 10)
    live_through(pace, clock, wait_ms=20, seconds=3, cameras=4)
    pace.waited(5 * LONG_WAIT_MS)
    clock.now_s += AGREE_EVERY_S
    assert pace.interval_ms(4) == FASTEST_MS


def test_the_interval_changes_once_a_second_however_often_it_is_asked_for(clock):
    pace = costing(clock, 10)
    for _ in range(200):
        pace.waited(2 * LONG_WAIT_MS)
    clock.now_s += AGREE_EVERY_S
    assert len({pace.interval_ms(4) for _ in range(50)}) == 1


def test_cameras_that_came_at_once_are_spread_over_the_interval(clock):
    pace, cameras = costing(clock, 34), 20
    interval_ms = pace.interval_ms(cameras)
    turns = [pace.next_ms(cameras) for _ in range(cameras)]
    assert turns[0] == interval_ms
    apart = [later - earlier for earlier, later in pairwise(turns)]
    assert apart == pytest.approx([interval_ms / cameras] * (cameras - 1), abs=1)


def test_cameras_that_keep_their_turns_are_told_the_interval(clock):
    pace, cameras = costing(clock, 34), 20
    turns = sorted(clock.now_s + pace.next_ms(cameras) / 1000 for _ in range(cameras))
    told = []
    for _ in range(3 * cameras):
        clock.now_s = turns.pop(0)
        told.append(pace.next_ms(cameras))
        turns.append(clock.now_s + told[-1] / 1000)
    assert told == pytest.approx([pace.interval_ms(cameras)] * len(told), abs=2)


def test_a_camera_that_asks_without_end_pushes_nobody_out(clock):
    pace = costing(clock, 34)
    turns = [pace.next_ms(20) for _ in range(1000)]
    assert max(turns) <= 2 * pace.interval_ms(20)


def test_it_is_full_when_even_a_slow_pace_is_more_than_the_pool_reads(clock):
    pace = costing(clock, 50)
    most = int(FULL_MS * BUSY_SHARE / 50)
    assert not pace.is_full(most)
    assert pace.is_full(most + 1)


def test_one_batch_that_took_half_a_minute_locks_nobody_out_for_ever(clock):
    pace = Pace(1, clock=clock)
    pace.learn(30_000, 1)
    assert pace.is_full(2)
    assert not pace.is_full(1)
    for _ in range(20):
        pace.learn(20, 1)
    assert not pace.is_full(2), "the first camera has taught what a frame costs"
