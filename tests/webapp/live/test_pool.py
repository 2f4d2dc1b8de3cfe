"""The pool: newest frame wins, nobody is passed over, and a process that dies is replaced."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from emotion.live.faces import LiveFrame
from webapp.live.pool import BATCH, DROPPED, LONGEST_WAIT_S, MOST_FAILURES, InferencePool

FRAME = LiveFrame((640, 360))


class HandWorked:
    """An executor whose batches wait until a test lets them go."""

    def __init__(self) -> None:
        self.batches: list[tuple[list, Future]] = []

    def submit(self, function, requests) -> Future:
        future: Future = Future()
        if not requests:  # only to see whether the networks are open
            future.set_result([])
            return future
        self.batches.append((requests, future))
        return future

    def shutdown(self, **_) -> None:
        pass

    async def finish(self, number: int) -> list:
        while len(self.batches) <= number:
            await asyncio.sleep(0.001)
        requests, future = self.batches[number]
        future.set_result([FRAME] * len(requests))
        return requests


@pytest.fixture
def executors(monkeypatch) -> list[HandWorked]:
    made: list[HandWorked] = []

    def start(self):
        made.append(HandWorked())
        return made[-1]

    monkeypatch.setattr(InferencePool, "_start", start)
    return made


def ask(pool: InferencePool, key: str, jpeg: bytes, *, identify: bool = False) -> asyncio.Task:
    return asyncio.create_task(pool.read(key, jpeg, identify=identify))


async def test_a_newer_frame_takes_the_place_of_one_that_still_waits(executors):
    pool = InferencePool(workers=1)
    first = ask(pool, "a", b"1")
    await asyncio.sleep(0.01)
    second, third = ask(pool, "a", b"2", identify=True), ask(pool, "a", b"3")
    assert await second == DROPPED
    assert await executors[0].finish(0) == [(b"1", False)]
    assert await executors[0].finish(1) == [(b"3", True)], "what was asked of the older frame is not lost"
    assert await first == await third == FRAME
    await pool.close()


async def test_whoever_waits_longest_is_served_first_however_fast_another_sends(executors):
    pool = InferencePool(workers=1)
    ask(pool, "busy", b"0")
    await asyncio.sleep(0.01)
    tasks = [ask(pool, f"camera {number}", b"x") for number in range(BATCH)]
    for number in range(20):
        ask(pool, "fast", str(number).encode())
        await asyncio.sleep(0)
    late = ask(pool, "late", b"y")
    await executors[0].finish(0)
    assert len(await executors[0].finish(1)) == BATCH
    assert await executors[0].finish(2) == [(b"19", False), (b"y", False)]
    assert [await task for task in tasks] == [FRAME] * BATCH
    assert await late == FRAME
    await pool.close()


async def test_what_waited_too_long_is_dropped_oldest_first(executors):
    now_s = 0.0
    pool = InferencePool(workers=1, clock=lambda: now_s)
    reading = ask(pool, "first", b"0")
    await asyncio.sleep(0.01)
    old = [ask(pool, f"old {number}", b"x") for number in range(2)]
    await asyncio.sleep(0.01)
    now_s = LONGEST_WAIT_S
    new = ask(pool, "new", b"y")
    await asyncio.sleep(0.01)
    now_s = LONGEST_WAIT_S + 0.1
    await executors[0].finish(0)
    assert await asyncio.gather(*old) == [DROPPED, DROPPED]
    assert await executors[0].finish(1) == [(b"y", False)]
    assert await reading == await new == FRAME
    await pool.close()


async def test_where_all_waited_too_long_the_newest_is_read(executors):
    now_s = 0.0
    pool = InferencePool(workers=1, clock=lambda: now_s)
    ask(pool, "first", b"0")
    await asyncio.sleep(0.01)
    old, newest = ask(pool, "old", b"x"), ask(pool, "newest", b"y")
    await asyncio.sleep(0.01)
    now_s = 10.0
    await executors[0].finish(0)
    assert await old == DROPPED
    assert await executors[0].finish(1) == [(b"y", False)]
    assert await newest == FRAME
    await pool.close()


async def test_waits_are_told_to_the_agreement(executors):
    now_s = 0.0
    pool = InferencePool(workers=1, clock=lambda: now_s)
    before = pool.pace.interval_ms(1)
    for number in range(20):
        task = ask(pool, "a", b"1")
        await asyncio.sleep(0.01)
        now_s += 2.0
        await executors[0].finish(number)
        await task
    assert pool.pace.interval_ms(1) > before
    await pool.close()


async def test_frames_of_several_cameras_are_shared_among_the_workers(executors):
    pool = InferencePool(workers=2)
    tasks = [ask(pool, f"camera {number}", b"x") for number in range(4)]
    await asyncio.sleep(0.01)
    assert [len(requests) for requests, _ in executors[0].batches] == [2, 1]
    await executors[0].finish(0)
    await executors[0].finish(1)
    await executors[0].finish(2)
    assert [await task for task in tasks] == [FRAME] * 4
    await pool.close()


async def test_a_pool_whose_process_died_is_started_anew(executors):
    pool = InferencePool(workers=1)
    lost = ask(pool, "a", b"1")
    await asyncio.sleep(0.01)
    executors[0].batches[0][1].set_exception(BrokenProcessPool("gone"))
    assert await lost == DROPPED
    again = ask(pool, "a", b"2")
    await asyncio.sleep(0.01)
    assert await executors[1].finish(0) == [(b"2", False)]
    assert await again == FRAME
    await pool.close()


async def test_a_pool_whose_processes_keep_dying_says_so_for_a_while(executors, monkeypatch):
    pool = InferencePool(workers=1)
    for number in range(MOST_FAILURES):
        assert not pool.is_unavailable
        lost = ask(pool, "a", b"1")
        await asyncio.sleep(0.01)
        executors[number].batches[0][1].set_exception(BrokenProcessPool("gone"))
        await lost
    assert pool.is_unavailable
    monkeypatch.setattr("webapp.live.pool.TRY_AGAIN_S", 0.0)
    again = ask(pool, "a", b"1")
    await executors[-1].finish(0)
    await again
    monkeypatch.setattr("webapp.live.pool.TRY_AGAIN_S", 30.0)
    assert not pool.is_unavailable, "one batch that was read makes up for it"
    await pool.close()


async def test_real_frames_are_read_in_a_process_of_its_own(weights_dir, tmp_path):
    from fractions import Fraction

    from deid.demo import demo_videos
    from emotion.media import read_frames
    from emotion.media.jpeg import encode_jpeg

    shown = next(iter(read_frames(Path(demo_videos()["patient"]), sample_fps=Fraction(1))))
    pool = InferencePool(workers=1)
    await pool.ready()
    found = await pool.read("patient", encode_jpeg(shown.image_bgr), identify=True)
    assert await pool.read("patient", b"no picture", identify=False) is None
    await pool.close()
    assert len(found.faces) == 1
    assert sum(found.faces[0].probs) == pytest.approx(1)
