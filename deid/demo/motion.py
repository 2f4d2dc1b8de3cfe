"""How the people move: expressions with onset and offset, blinks, glances, nods, sway, speaking mouths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from deid.demo.script import ACTS, BEND_S, NURSE_S, TURNS, starts_s
from deid.demo.voice import loudness_at
from deid.heads.expressions import both_sides, show_emotion
from deid.heads.shape import Pose

ONSET_S = 0.45
BLINK_S = 0.24
SEEDS = {"doctor": 11, "patient": 23, "nurse": 37}
SPEECH_UNITS = {"jawOpen": 0.22, "mouthLowerDown": 0.20, "mouthFunnel": 0.15, "mouthUpperUp": 0.06}


def ease(value: float) -> float:
    """Return 0 before 0, 1 after 1, and a smooth way between.

    >>> [ease(-1), ease(0.5), ease(2)]
    [0.0, 0.5, 1.0]
    """
    t = min(max(value, 0.0), 1.0)
    return t * t * (3 - 2 * t)


def expression_at(camera: str, time_s: float) -> dict[str, float]:
    """Return the facial units of the camera's person at its own time, speech and blinks included."""
    units: dict[str, float] = {}
    held = 0.0
    for act in ACTS[camera]:
        rise = ease((time_s - act.start_s + ONSET_S / 2) / ONSET_S)
        fall = ease((act.end_s - time_s + ONSET_S / 2) / ONSET_S)
        waver = 1 + 0.05 * np.sin(2.1 * time_s + act.start_s)
        strength = act.strength * min(rise, fall) * float(waver)
        held = max(held, 0.0 if act.emotion == "neutral" else strength)
        _add(units, show_emotion(act.emotion, strength))
    _add(units, _speech(camera, time_s, quiet=1 - 0.6 * held))
    blink = blink_at(SEEDS[camera], time_s)
    _add(units, both_sides({"eyeBlink": blink}))
    return {unit: float(np.clip(weight, 0, 1)) for unit, weight in units.items()}


def _add(units: dict[str, float], more: Mapping[str, float]) -> None:
    for unit, weight in more.items():
        units[unit] = units.get(unit, 0.0) + weight


def _speech(camera: str, time_s: float, *, quiet: float) -> dict[str, float]:
    scene_s = time_s + starts_s(camera)
    if not any(turn.speaker == camera and turn.start_s <= scene_s <= turn.end_s for turn in TURNS):
        return {}
    open_to = loudness_at(camera, scene_s) * quiet
    rounded = 0.5 + 0.5 * np.sin(5.1 * scene_s + SEEDS[camera])
    shape = {**SPEECH_UNITS, "mouthFunnel": SPEECH_UNITS["mouthFunnel"] * float(rounded)}
    return both_sides({unit: weight * open_to for unit, weight in shape.items()})


def blink_at(seed: int, time_s: float) -> float:
    """Return how far the lids are closed by blinking, 0..1; blinks come every 2.2 to 5 s."""
    pauses = np.random.default_rng(seed).uniform(2.2, 5.0, 40)
    since = time_s - np.cumsum(pauses)
    inside = (since > 0) & (since < BLINK_S)
    if not inside.any():
        return 0.0
    return float(np.sin(np.pi * since[inside][0] / BLINK_S) ** 0.7)


def wander(seed: int, time_s: float, periods_s: Sequence[float] = (11.0, 5.3, 2.9)) -> float:
    """Return slow movement between about -1 and 1 that differs by seed and is the same every time."""
    phases = np.random.default_rng(seed).uniform(0, 2 * np.pi, len(periods_s))
    parts = [
        np.sin(2 * np.pi * time_s / period + phase) for period, phase in zip(periods_s, phases, strict=True)
    ]
    return float(np.dot(parts, (0.55, 0.30, 0.15)))


def pose_at(camera: str, time_s: float) -> Pose:
    """Return where head and eyes of the camera's person are turned at its own time."""
    seed = SEEDS[camera]
    scene_s = time_s + starts_s(camera)
    side = -1.0 if camera == "doctor" else 1.0  # each sits a little beside the camera of the other
    speaking = any(turn.speaker == camera and turn.start_s <= scene_s <= turn.end_s for turn in TURNS)
    nod = 1.6 * np.sin(2 * np.pi * 1.7 * scene_s) * _nodding(camera, scene_s)
    beat = 1.4 * wander(seed + 5, scene_s, (1.3, 0.9, 0.6)) if speaking else 0.0
    bend = _bend(scene_s) if camera == "patient" else 0.0
    return Pose(
        yaw_deg=side * 4.0 + 4.5 * wander(seed, scene_s) + 20.0 * bend,
        pitch_deg=-1.0 + 2.2 * wander(seed + 1, scene_s) + float(nod) + beat - 45.0 * bend,
        roll_deg=2.2 * wander(seed + 2, scene_s) - 12.0 * bend,
        gaze_yaw_deg=-side * 2.0 + _glance(seed, scene_s)[0],
        gaze_pitch_deg=_glance(seed, scene_s)[1],
        shift_m=(
            0.012 * wander(seed + 3, scene_s) + 0.08 * bend,
            0.005 * wander(seed + 4, scene_s) - 0.52 * bend,
            0.12 * bend,
        ),
        turn_deg=side * 3.0,
    )


def _bend(scene_s: float) -> float:
    return min(ease((scene_s - BEND_S[0] + 0.35) / 0.7), ease((BEND_S[1] - scene_s + 0.35) / 0.7))


def _nodding(camera: str, scene_s: float) -> float:
    """Return 0..1: the doctor nods while the patient speaks, now and then."""
    if camera != "doctor":
        return 0.0
    listened = [
        turn for turn in TURNS if turn.speaker == "patient" and turn.start_s + 0.8 < scene_s < turn.end_s
    ]
    return 0.0 if not listened else ease(2 * (np.sin(1.9 * scene_s) - 0.1))


def _glance(seed: int, scene_s: float) -> tuple[float, float]:
    """Return where the eyes rest, in degrees: a new place every 0.8 to 2.5 s, reached at once."""
    source = np.random.default_rng(seed + 9)
    until = np.cumsum(source.uniform(0.8, 2.5, 60))
    places = source.normal(0, 1, (60, 2)) * (2.4, 1.2)
    yaw, pitch = places[int(np.searchsorted(until, scene_s))]
    return float(np.clip(yaw, -6, 6)), float(np.clip(pitch, -3, 3))


def nurse_pose_at(scene_s: float) -> Pose | None:
    """Return the nurse's pose while she is in the room, else None; she walks to the patient's left."""
    start, end = NURSE_S
    if not start <= scene_s <= end:
        return None
    share = (scene_s - start) / (end - start)
    step = 2 * np.pi * 1.8 * scene_s
    turn = 62.0 - 74.0 * ease((share - 0.30) / 0.15) * ease((0.80 - share) / 0.15)
    return Pose(
        yaw_deg=0.35 * turn,
        pitch_deg=-4.0,
        shift_m=(-1.25 + 2.5 * share, 0.17 + 0.012 * float(np.sin(step)), -0.75),
        turn_deg=0.65 * turn,
    )
