"""Two cameras as they happen -> states to show, rows to keep, and the suggestions a recording would give.

Pure: it knows no clock, no network and no chance. Times are microseconds of one clock for both cameras. The
suggestions are those of empathy.py on the closed rows, so stored rows give them again, to the letter.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from emotion.empathy import EmpathyState, Moment, Suggestion, advance
from emotion.empathy_table import RuleTable
from emotion.labels import CAMERAS
from emotion.live.faces import Sighting
from emotion.live.rest import RestingWatch
from emotion.live.seconds import SECOND_US, SecondsKeeper
from emotion.live.settle import Settled, Settling
from emotion.types import Second

GRACE_US: Final = 700_000  # a second stays open so long after its end, for frames on their way
LONGEST_GAP_S: Final = 3600


@dataclass(frozen=True)
class PersonNow:
    """What may be said of one person now.

    detection: share of the last seconds (of Limits.detection_window_s) in which a face was classified, None
    before the first. is_enough: whether that suffices to show anything. is_calibrated: whether their resting
    face counts as neutral.
    """

    settled: Settled
    detection: float | None
    is_enough: bool
    is_calibrated: bool = False


@dataclass(frozen=True)
class ClosedSecond:
    """A second that will not change any more: a row per camera that was ever on, and what to suggest.

    calibrated: the same rows with the resting face as neutral, by camera, of those whose it is known.
    """

    second: int
    rows: tuple[Second, ...]
    suggestion: Suggestion | None
    calibrated: Mapping[str, Second] = field(default_factory=dict)


class _Person:
    """One camera's person: what is shown, what is kept, and how well they have been seen of late."""

    def __init__(self, camera: str, window_s: int) -> None:
        self.settling = Settling()
        self.resting = RestingWatch()
        self.keeper = SecondsKeeper(camera)
        self.seen: deque[bool] = deque(maxlen=window_s)

    @property
    def detection(self) -> float | None:
        """Return the share of the latest rows that are classified, None without a row."""
        return sum(self.seen) / len(self.seen) if self.seen else None


class LiveConsultation:
    """The state of one live session. start_us: when its second 0 began.

    calibrate: learn each person's resting face from their first quiet seconds. From then on states and
    suggestions count it as neutral; rows stay raw.
    """

    def __init__(self, *, table: RuleTable, start_us: int, calibrate: bool = False) -> None:
        self._table = table
        self._start_us = start_us
        self._calibrate = calibrate
        self._people: dict[str, _Person] = {}
        self._empathy = EmpathyState()
        self._next = 0

    @property
    def next_second(self) -> int:
        """Return the first second that is not closed yet."""
        return self._next

    def restore(self, rows: Iterable[Second]) -> None:
        """Go on after kept rows. Raises ValueError when they are not in the order of time."""
        by_second: dict[int, list[Second]] = {}
        for row in rows:
            by_second.setdefault(row.second, []).append(row)
        for second, together in by_second.items():
            self._remember(second, {row.camera: row for row in together})
        self._next = max(self._next, max(by_second, default=-1) + 1)

    def take(self, camera: str, sighting: Sighting) -> None:
        """Add what a frame says. Raises ValueError for a camera other than those of labels.CAMERAS."""
        person = self._person(camera)
        person.settling.take(person.resting.sighting(sighting))
        person.keeper.take(sighting, start_us=self._start_us)

    def now(self, camera: str, time_us: int) -> PersonNow:
        """Return what may be said of a camera's person at a time."""
        person = self._person(camera)
        detection = person.detection
        is_enough = detection is None or detection >= self._table.limits.min_detection
        is_calibrated = person.resting.face is not None
        return PersonNow(person.settling.at(time_us), detection, is_enough, is_calibrated)

    def close_until(self, time_us: int) -> Iterator[ClosedSecond]:
        """Yield the seconds that ended at least GRACE_US before a time, each once and in order.

        A stretch for which nobody asked, such as a restart of the server, is closed as "not_analysed" up to
        LONGEST_GAP_S.
        """
        past = (time_us - GRACE_US - self._start_us) // SECOND_US
        self._next = max(self._next, past - LONGEST_GAP_S)
        while self._next < past:
            second, self._next = self._next, self._next + 1
            rows = {camera: person.keeper.close(second) for camera, person in self._people.items()}
            suggestion = self._remember(second, rows)
            if rows:
                yield ClosedSecond(second, tuple(rows.values()), suggestion, self._calibrated(rows))

    def _remember(self, second: int, rows: Mapping[str, Second]) -> Suggestion | None:
        for camera, row in rows.items():
            person = self._person(camera)
            person.seen.append(row.status == "ok")
            if self._calibrate:
                person.resting.see(row)
        if not rows:
            return None
        judged = {**rows, **self._calibrated(rows)}
        moment = Moment(second, judged.get("doctor"), judged.get("patient"))
        self._empathy, suggestion = advance(self._empathy, moment, self._table)
        return suggestion

    def _calibrated(self, rows: Mapping[str, Second]) -> dict[str, Second]:
        known = {camera: self._person(camera).resting for camera in rows}
        return {
            camera: resting.row(rows[camera]) for camera, resting in known.items() if resting.face is not None
        }

    def _person(self, camera: str) -> _Person:
        if camera not in CAMERAS:
            raise ValueError(f"expected a camera of {CAMERAS}, got {camera!r}")
        if camera not in self._people:
            self._people[camera] = _Person(camera, self._table.limits.detection_window_s)
        return self._people[camera]
