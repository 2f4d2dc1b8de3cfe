"""A live session as a state machine: frames and time go in, messages and rows come out.

Pure: the time is an argument, in microseconds of the server's clock; sockets and the database are elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from webapp import engines
from webapp.live.models import LiveSession, Mode

Message = dict[str, Any]
GONE_AFTER_US: Final = 3_000_000
SECOND_US: Final = 1_000_000


@dataclass(frozen=True)
class Closed:
    """A closed second as it is kept: values of Reading rows, and of a Suggestion when there is one."""

    second: int
    rows: list[dict[str, Any]]
    suggestion: dict[str, Any] | None


@dataclass
class _Camera:
    """What is known of one camera: when it was last heard of, and the last whole second's frames."""

    heard_us: int = 0
    is_gone: bool = False
    frames: list[int] = field(default_factory=list)


class SessionMachine:
    """One live session. mode and silenced may be changed from outside at any time.

    rules: the study's empathy rules in YAML, empty for those that ship. language: of the suggestions.
    calibrate: count each person's resting face as neutral once it is known; rows keep both.
    """

    def __init__(
        self, *, start_us: int, mode: str, rules: str = "", language: str = "en", calibrate: bool = False
    ) -> None:
        self.mode = mode
        self.silenced = False
        self._start_us = start_us
        self._language = language
        self._consultation = engines.live_consultation(start_us, rules, calibrate=calibrate)
        self._cameras: dict[str, _Camera] = {}

    def restore(self, readings: Iterable[dict[str, Any]]) -> None:
        """Go on after the seconds that were kept before."""
        self._consultation.restore(engines.live_row(values) for values in readings)

    def heed(self, session: LiveSession) -> None:
        """Take over what was changed from outside."""
        self.mode, self.silenced = session.mode, session.silenced

    def hear(self, camera: str, now_us: int, *, is_gone: bool = False) -> None:
        """Take note that a camera is there, or that it said goodbye."""
        known = self._cameras.setdefault(camera, _Camera())
        known.heard_us, known.is_gone = now_us, is_gone

    def take(self, camera: str, sighting: dict[str, Any], now_us: int) -> Message | None:
        """Return the reading to show after one more frame, None where the mode shows nothing."""
        self.hear(camera, now_us)
        self._cameras[camera].frames.append(now_us)
        self._consultation.take(camera, engines.live_sighting(sighting))
        if self.mode == Mode.NONE:
            return None
        return {
            "type": "reading",
            "t": sighting["time_us"],
            "status": sighting["status"],
            **self._person(camera, sighting["time_us"]),
        }

    def tick(self, now_us: int) -> list[Closed]:
        """Return the seconds that are over now and were not yet."""
        return [
            Closed(
                one.second,
                [_row_values(row, one.calibrated.get(row.camera)) for row in one.rows],
                _suggestion_values(one.suggestion.as_dict(self._language)) if one.suggestion else None,
            )
            for one in self._consultation.close_until(now_us)
        ]

    def state(self, now_us: int, closed: Closed | None = None) -> Message:
        """Return what the dashboard shows beside the people: cameras, mode, silence, and the last row."""
        shows = self.mode != Mode.NONE
        return {
            "type": "state",
            "now": now_us,
            "started": self._start_us,
            "mode": self.mode,
            "silenced": self.silenced,
            "cameras": {camera: self._camera(camera, now_us) for camera in ("doctor", "patient")},
            "people": [self._person(camera, now_us) for camera in self._cameras] if shows else [],
            "rows": [band_row(row) for row in closed.rows] if closed and shows else [],
        }

    def is_connected(self, camera: str, now_us: int) -> bool:
        """Return whether a camera was heard of just now."""
        known = self._cameras.get(camera)
        return known is not None and not known.is_gone and now_us - known.heard_us <= GONE_AFTER_US

    def _camera(self, camera: str, now_us: int) -> Message:
        known = self._cameras.get(camera)
        if known is None:
            return {"connected": False, "fps": 0}
        known.frames = [taken for taken in known.frames if now_us - taken <= 2 * SECOND_US]
        return {"connected": self.is_connected(camera, now_us), "fps": round(len(known.frames) / 2, 1)}

    def _person(self, camera: str, time_us: int) -> Message:
        """Return a person's shown state; without enough seen of late, none."""
        now = self._consultation.now(camera, time_us)
        is_shown = now.is_enough and self.is_connected(camera, time_us)
        return {
            "person": camera,
            "emotion": now.settled.emotion if is_shown else None,
            "confidence": now.settled.confidence if is_shown else None,
            "detection": None if now.detection is None else round(now.detection, 3),
            "enough": now.is_enough,
            "calibrated": now.is_calibrated,
        }


def band_row(row: dict[str, Any]) -> Message:
    """Return what the band of the last minute needs of a kept row: what was shown, calibrated or not."""
    shown = row["calibrated"] or row
    return {name: row[name] for name in ("camera", "second", "status")} | {
        name: shown[name] for name in ("emotion", "confidence")
    }


def _row_values(row: Any, calibrated: Any) -> dict[str, Any]:
    names = ("camera", "second", "status", "emotion", "confidence", "frames_sampled", "frames_detected")
    again = _judged(calibrated) if calibrated is not None and calibrated.probs else {}
    return {name: getattr(row, name) for name in names} | {"probs": list(row.probs), "calibrated": again}


def _judged(row: Any) -> dict[str, Any]:
    return {"emotion": row.emotion, "confidence": row.confidence, "probs": list(row.probs)}


def _suggestion_values(values: dict[str, Any]) -> dict[str, Any]:
    return {
        "second": values["second"],
        "rule": values["rule"],
        "text": values["text"],
        "language": values["language"],
        "framework": values["framework"],
        "citations": values["citations"],
        "severity": values["severity"],
        "confidence": values["confidence"],
        "evidence": values["evidence"],
    }
