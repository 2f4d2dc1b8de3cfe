"""Live sessions: frames to faces in a process of its own, and seconds to suggestions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from webapp.engines.rules import shipped_rules
from webapp.engines.translating import translated
from webapp.engines.values import SECOND_US

if TYPE_CHECKING:
    from emotion.live.consultation import LiveConsultation
    from emotion.live.faces import LiveFrame, Sighting
    from emotion.live.follow import PersonFollower
    from emotion.types import Second

_LIVE_READER: Any = None


def start_live_reader(weights_dir: str, model: str, device: str) -> None:
    """Open the networks of this process once; it ends when the process that started it is gone."""
    import signal

    from emotion.live.reader import LiveReader

    global _LIVE_READER  # noqa: PLW0603  a process of the pool is this reader
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with_parent()
    _LIVE_READER = LiveReader(Path(weights_dir), model=model, device=device)


def _end_with_parent() -> None:
    import os
    import threading
    import time

    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def read_live_frames(requests: Sequence[tuple[bytes, bool]]) -> list[LiveFrame | None]:
    """Return the faces of JPEG frames, in a process that start_live_reader prepared."""
    frames: list[LiveFrame | None] = _LIVE_READER.read(requests)
    return frames


def live_follower() -> PersonFollower:
    """Return what tells the expected person of one camera from everybody else."""
    from emotion.live.follow import PersonFollower

    return PersonFollower()


def live_consultation(start_us: int, rules: str = "", *, calibrate: bool = False) -> LiveConsultation:
    """Return the state of a live session that begins at a time in microseconds.

    rules: the study's empathy rules in YAML, empty for those that ship. calibrate: learn each person's
    resting face, and count it as neutral from then on.
    """
    from emotion.empathy_table import parse_rules
    from emotion.live.consultation import LiveConsultation

    with translated():
        table = parse_rules(rules or shipped_rules(), source="the study's rules")
    return LiveConsultation(table=table, start_us=start_us, calibrate=calibrate)


def live_sighting(values: dict[str, Any]) -> Sighting:
    """Return a sighting from what sighting_values made of it."""
    from emotion.live.faces import Sighting

    return Sighting(values["time_us"], values["status"], values["quality"], tuple(values["probs"]))


def live_row(values: dict[str, Any]) -> Second:
    """Return the row of an analysis that a kept reading stands for."""
    from emotion.timeline import valence_arousal
    from emotion.types import Second

    probs = tuple(values["probs"])
    valence, arousal = valence_arousal(probs) if probs else (None, None)
    return Second(
        values["camera"],
        values["second"],
        values["camera"],
        None,
        values["status"],
        values["emotion"],
        values["confidence"],
        probs,
        valence,
        arousal,
        values["frames_sampled"],
        values["frames_detected"],
    )


def session_findings(
    doctor: Sequence[dict[str, Any]],
    patient: Sequence[dict[str, Any]],
    *,
    rules: str = "",
    language: str = "en",
) -> dict[str, Any]:
    """Return what there is to reflect on in the rows of doctor and patient on one clock.

    Rows as live_row takes them. moments: the patient's negative episodes with the doctor's answer. mirroring:
    per signal the lag, correlation and p. suggestions: what the rules (the study's in YAML, empty for those
    that ship) would have said. summary: by person.
    """
    from dataclasses import asdict

    from emotion.empathy import suggest
    from emotion.empathy_table import parse_rules
    from emotion.mirroring import measure_all_mirroring
    from emotion.moments import find_moments
    from emotion.statistics import summarise_person

    table = parse_rules(rules or shipped_rules(), source="the study's rules")
    own, other = [live_row(row) for row in doctor], [live_row(row) for row in patient]
    return {
        "moments": [moment.as_dict() for moment in find_moments(own, other)],
        "mirroring": [asdict(one) for one in measure_all_mirroring(own, other)],
        "suggestions": [one.as_dict(language) for one in suggest(own, other, table)],
        "summary": {
            role: summarise_person(rows, role=role, duration_us=len(rows) * SECOND_US).as_dict()
            for role, rows in (("doctor", own), ("patient", other))
        },
    }
