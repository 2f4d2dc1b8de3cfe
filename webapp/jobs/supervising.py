"""Keeping worker processes alive: one that dies is replaced, and what it held is given to others at once."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Sequence
from types import FrameType

import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections

from webapp.jobs.models import WorkerHeartbeat
from webapp.jobs.pulse import draw_worker_name
from webapp.jobs.sweeping import recover_worker

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 0.2
SHORT_LIFE_S = 10.0
LONGEST_PAUSE_S = 30.0
END_WITHIN_S = 50.0


class Supervised:
    """One place in the team: a worker process, its successors, and how long the next one has to wait.

    command: starts a worker; its name is put behind it.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._pause_s = 0.0
        self._start_at_s = time.monotonic()
        self.name = ""
        self.process: subprocess.Popen[bytes] | None = None

    def look(self) -> None:
        """Start a process where there should be one; clear up behind one that died."""
        now = time.monotonic()
        if self.process is None:
            if now >= self._start_at_s:
                self._start()
        elif self.process.poll() is not None:
            lived_s = now - self._started_s
            longer_s = min(LONGEST_PAUSE_S, max(0.5, 2 * self._pause_s))
            self._pause_s = 0.0 if lived_s > SHORT_LIFE_S else longer_s
            self._start_at_s = now + self._pause_s
            log.warning("worker_died", worker=self.name, status=self.process.returncode)
            self.process = None
            _bury(self.name)

    def _start(self) -> None:
        self.name = draw_worker_name()
        self._started_s = time.monotonic()
        command = [*self._command, "--name", self.name]
        self.process = subprocess.Popen(command, cwd=settings.ROOT)  # noqa: S603  our own program


class Supervisor:
    """Runs `count` workers until it is told to end; then lets them hand back what they hold."""

    def __init__(self, count: int, command: Sequence[str]) -> None:
        self._team = [Supervised(command) for _ in range(count)]
        self._ending = False

    def run(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._end)
        while not self._ending:
            for place in self._team:
                place.look()
            time.sleep(LOOK_EVERY_S)
        self._let_go()

    def _end(self, _signum: int, _frame: FrameType | None) -> None:
        self._ending = True

    def _let_go(self) -> None:
        alive = [place for place in self._team if place.process is not None]
        for place in alive:
            assert place.process is not None
            place.process.terminate()
        until_s = time.monotonic() + END_WITHIN_S
        for place in alive:
            assert place.process is not None
            try:
                place.process.wait(max(0.0, until_s - time.monotonic()))
            except subprocess.TimeoutExpired:
                place.process.kill()
                place.process.wait()
                _bury(place.name)


def _bury(worker: str) -> None:
    """Give what a dead worker held to others. While the database is away the sweep does it later."""
    try:
        close_old_connections()
        recover_worker(worker)
        WorkerHeartbeat.objects.filter(pk=worker).delete()
    except DatabaseError:
        log.warning("worker_not_buried", worker=worker, exc_info=True)
