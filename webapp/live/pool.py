"""Frames -> faces in processes of their own. Newest frame wins: a camera never has two frames waiting.

The event loop only hands over and takes back. Frames of all sessions wait in one row, and are read several at
a time; a newer frame takes the place of its camera's older one in that row, so nobody is passed over. What
has waited too long to be of use is dropped, unless nothing newer is there.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Hashable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Final

import structlog
from django.conf import settings

from webapp import engines
from webapp.live.pace import Pace

log = structlog.get_logger(__name__)
BATCH: Final = 2  # on a processor more are no cheaper together, and the first waits for the last
DROPPED: Final = "dropped"
MOST_FAILURES: Final = 3
TRY_AGAIN_S: Final = 30.0
LONGEST_WAIT_S: Final = 0.5
LAG_EVERY_S: Final = 0.1


@dataclass
class _Waiting:
    jpeg: bytes
    identify: bool
    since_s: float
    answer: asyncio.Future[engines.LiveFrame | str | None]


class InferencePool:
    """One per process and event loop; made at the first camera and shut down when the loop ends."""

    def __init__(self, *, workers: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._workers = workers
        self._clock = clock
        self.pace = Pace(workers, clock=clock)
        self._lag_s = 0.0
        self._waiting: dict[Hashable, _Waiting] = {}
        self._wake = asyncio.Event()
        self._failures = 0
        self._failed_s = 0.0
        self._executor = self._start()
        self._ready = asyncio.wrap_future(self._executor.submit(engines.read_live_frames, []))
        self._tasks = [asyncio.create_task(self._serve()) for _ in range(workers)]
        self._tasks.append(asyncio.create_task(self._watch_lag()))

    async def read(self, key: Hashable, jpeg: bytes, *, identify: bool) -> engines.LiveFrame | str | None:
        """Return a frame's faces, None for what is no picture, DROPPED when it waited too long or a newer one
        of the key came.
        """
        older = self._waiting.get(key)
        if older is not None and not older.answer.done():
            older.answer.set_result(DROPPED)
            identify = identify or older.identify
        mine = _Waiting(jpeg, identify, self._clock(), asyncio.get_running_loop().create_future())
        self._waiting[key] = mine
        self._wake.set()
        return await mine.answer

    @property
    def is_unavailable(self) -> bool:
        """Return whether its processes keep dying, as they do without weights or memory."""
        return self._failures >= MOST_FAILURES and time.monotonic() - self._failed_s < TRY_AGAIN_S

    async def ready(self) -> None:
        """Wait until the networks are open."""
        with contextlib.suppress(BrokenProcessPool):
            await asyncio.shield(self._ready)

    async def close(self) -> None:
        """End the processes and whatever waits."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for one in self._waiting.values():
            one.answer.cancel()
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _start(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._workers,
            mp_context=get_context("spawn"),
            initializer=engines.start_live_reader,
            initargs=(str(settings.WEIGHTS_DIR), engines.default_model(), settings.DEVICE),
        )

    async def _serve(self) -> None:
        while True:
            await self._wake.wait()
            batch = self._next_batch()
            if batch:
                await self._read_batch(batch)

    def _next_batch(self) -> list[_Waiting]:
        share = max(1, -(-len(self._waiting) // self._workers))
        self._drop_late()
        keys = list(self._waiting)[: min(BATCH, share)]
        batch = [self._waiting.pop(key) for key in keys]
        if not self._waiting:
            self._wake.clear()
        return [one for one in batch if not one.answer.done()]

    def _drop_late(self) -> None:
        """Drop what has waited too long, oldest first; the newest is read all the same."""
        before_s = self._clock() - LONGEST_WAIT_S
        late = [key for key, one in self._waiting.items() if one.since_s < before_s]
        for key in late[: len(self._waiting) - 1]:
            self._answer(self._waiting.pop(key), DROPPED)

    def _answer(self, one: _Waiting, found: engines.LiveFrame | str | None) -> None:
        self.pace.waited((self._clock() - one.since_s + self._lag_s) * 1000)
        if not one.answer.done():
            one.answer.set_result(found)

    async def _watch_lag(self) -> None:
        """Know how late the event loop is: a frame waits so long before it is here at all."""
        while True:
            due_s = self._clock() + LAG_EVERY_S
            await asyncio.sleep(LAG_EVERY_S)
            self._lag_s = max(0.0, self._clock() - due_s)

    async def _read_batch(self, batch: list[_Waiting]) -> None:
        began = time.perf_counter()
        loop = asyncio.get_running_loop()
        requests = [(one.jpeg, one.identify) for one in batch]
        executor = self._executor
        found: list[engines.LiveFrame | None] | None = None
        try:
            found = await loop.run_in_executor(executor, engines.read_live_frames, requests)
        except BrokenProcessPool:
            log.warning("live_pool_restarted")
            self._failures, self._failed_s = self._failures + 1, time.monotonic()
            if executor is self._executor:
                self._executor = self._start()
        else:
            self._failures = 0
        self.pace.learn((time.perf_counter() - began) * 1000, len(batch))
        for place, one in enumerate(batch):
            self._answer(one, DROPPED if found is None else found[place])


_POOLS: dict[asyncio.AbstractEventLoop, InferencePool] = {}


def inference_pool() -> InferencePool:
    """Return the pool of the running event loop, started at the first call."""
    loop = asyncio.get_running_loop()
    for gone in [known for known in _POOLS if known.is_closed()]:
        del _POOLS[gone]
    if loop not in _POOLS:
        _POOLS[loop] = InferencePool(workers=settings.LIVE_WORKERS)
    return _POOLS[loop]
