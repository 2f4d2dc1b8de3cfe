"""Measure landmark_response.npz anew; needed only when the head pack or the landmark network changes.

    python -m deid.build_response            # about four minutes on one core

Renders people who are not in the bank of donors, calm and with known facial units, at known turns of the
head, looks at them with the landmark network, and regresses its landmarks on the units (ridge, all at once).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from deid.anchors import load_anchors
from deid.build_anchors import LEVEL_POINTS
from deid.donors import make_donor
from deid.fit import place, stable_landmarks, to_model_axes, turn_degrees, unplace
from deid.heads.expressions import show_emotion
from deid.heads.look import Identity
from deid.heads.mouth import seat_teeth
from deid.heads.pack import default_pack
from deid.heads.person import Person
from deid.heads.render import Camera, composite, develop, render_person
from deid.heads.sample import sample_identity
from deid.heads.shape import Pose, build_rest
from deid.landmarks import FaceMesh
from deid.response import RESPONSE_PATH, Doubles, turn_features
from emotion.labels import EMOTIONS

SIDE: Final = 256
CAMERA: Final = Camera((SIDE, SIDE), 980.0, (0.0, -0.03, 0.0))
FIRST_SEED: Final = 1000  # the bank of donors has smaller ones
PEOPLE: Final = 160
CALM, MOVED = 3, 7  # pictures of each
SKINS: Final = ("donor-0", "donor-3", "donor-8", "donor-20")
SAME_ON_BOTH_SIDES: Final = 0.75
MOVES_RIDGE: Final = 1.0
SHAPES: Final = 24
DIRECTIONS: Final = 100
DEPTH_WEIGHT: Final = 0.35  # the network guesses depth from one picture


@dataclass(frozen=True)
class Look:
    """One picture: whose, the units shown (K,), the turn of the head in degrees, the landmarks reported."""

    person: int
    units: Doubles
    turn: tuple[float, float]
    points: Doubles


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m deid.build_response", description="measure landmarks")
    parser.add_argument("--out", type=Path, default=RESPONSE_PATH)
    parser.add_argument("--people", type=int, default=PEOPLE)
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    names = load_anchors().units
    arrays = regress(list(look_at_people(options.people, names)), stable_landmarks(load_anchors()))
    stored = {name: values.astype(np.float16) for name, values in arrays.items() if name != "noise"}
    np.savez_compressed(
        options.out,
        allow_pickle=False,
        units=np.array(names),
        noise=arrays["noise"].astype(np.float32),
        **stored,
    )
    return 0


def look_at_people(count: int, names: tuple[str, ...]) -> Iterator[Look]:
    """Yield the pictures of count people."""
    source = np.random.default_rng(7)
    network = FaceMesh()
    for number in range(count):
        person = _make(sample_identity(FIRST_SEED + number), make_donor(SKINS[number % len(SKINS)]))
        for shot in range(CALM + MOVED):
            units = np.zeros(len(names)) if shot < CALM else draw_units(source, names)
            yaw, pitch, roll = (0.0, 0.0, 0.0) if shot == 0 else source.uniform([-28, -18, -10], [28, 14, 10])
            pose = Pose(yaw, pitch, roll, gaze_yaw_deg=source.uniform(-8, 8))
            shade = source.uniform(0.1, 0.6)
            points = _look(network, person, dict(zip(names, units.tolist(), strict=True)), pose, shade)
            if points is not None:
                yield Look(number, units, (float(yaw), float(pitch)), points)


def draw_units(source: np.random.Generator, names: tuple[str, ...]) -> Doubles:
    """Return units (K,) 0..1: a bent emotion or none, a few units more, perhaps a blink and an open jaw."""
    at = {name: column for column, name in enumerate(names)}
    units = np.zeros(len(names))
    emotional = source.random() < 0.5
    if emotional:
        shown = show_emotion(EMOTIONS[source.integers(len(EMOTIONS))], source.uniform(0.3, 1.0))
        for name, weight in shown.items():
            units[at[name]] = weight * source.uniform(0.6, 1.4)
    more = source.choice(len(names), source.integers(1, 5), replace=False)
    units[more] = np.maximum(units[more], source.uniform(0.1, 1.0, len(more)) * (0.5 if emotional else 1.0))
    for name in names:
        if name.endswith("Left") and source.random() < SAME_ON_BOTH_SIDES:
            other = name.removesuffix("Left") + "Right"
            if other in at and not name.startswith(("jaw", "mouthLeft")):
                units[at[other]] = units[at[name]]
    if source.random() < 0.3:
        units[[at["eyeBlinkLeft"], at["eyeBlinkRight"]]] = source.uniform(0.2, 1.0)
    if source.random() < 0.3:
        units[at["jawOpen"]] = max(units[at["jawOpen"]], source.uniform(0.0, 0.6))
    return np.clip(units, 0, 1)


def regress(looks: list[Look], stable: NDArray[np.int64]) -> dict[str, Doubles]:
    """Return the arrays of Response by name, without units."""
    frontal = [look for look in looks if not look.units.any() and look.turn == (0.0, 0.0)]
    mean = frontal[0].points
    for _ in range(3):  # generalised Procrustes: the mean face and how each is placed against it
        mean = np.mean([unplace(look.points, place(look.points, mean, stable)) for look in frontal], axis=0)
        mean = mean - mean[stable].mean(axis=0)
        mean = mean / np.linalg.norm(mean[33] - mean[263])
    turned = np.zeros((4, *mean.shape))
    moves = np.zeros((looks[0].units.size, *mean.shape))
    for _ in range(2):
        calm = _calm_faces(looks, mean, turned, stable)
        placed = [place(look.points, calm[look.person], stable) for look in looks]
        features = np.array([turn_features(*turn_degrees(one.rotation)[:2]) for one in placed])
        inputs = np.hstack([np.array([look.units for look in looks]), features])
        moved = [
            unplace(look.points, one) - calm[look.person] for look, one in zip(looks, placed, strict=True)
        ]
        targets = np.reshape(moved, (len(looks), -1))
        gram = inputs.T @ inputs + MOVES_RIDGE * np.eye(inputs.shape[1])
        slopes = np.linalg.solve(gram, inputs.T @ targets).reshape(-1, *mean.shape)
        moves, turned = slopes[: len(moves)], slopes[len(moves) :]
    calms = np.stack(list(calm.values()))
    _, lengths, directions = np.linalg.svd((calms - mean).reshape(len(calms), -1), full_matrices=False)
    scale = lengths[:SHAPES, None] / np.sqrt(max(1, len(calms) - 1))
    weights = np.array([1.0, 1.0, DEPTH_WEIGHT])
    freed = (targets - features @ turned.reshape(4, -1)).reshape(-1, *mean.shape) * weights
    _, _, basis = np.linalg.svd(freed.reshape(len(freed), -1), full_matrices=False)
    basis = basis[:DIRECTIONS]
    left = freed - np.tensordot(inputs[:, : len(moves)], moves * weights, 1)
    noise = np.cov((left.reshape(len(left), -1) @ basis.T).T)
    noise += 1e-4 * np.trace(noise) / len(noise) * np.eye(len(noise))
    return {
        "rest": mean,
        "moves": moves,
        "shapes": (directions[:SHAPES] * scale).reshape(-1, *mean.shape),
        "turned": turned,
        "basis": basis.reshape(-1, *mean.shape) * weights,
        "noise": noise,
    }


def _calm_faces(
    looks: list[Look], mean: Doubles, turned: Doubles, stable: NDArray[np.int64]
) -> dict[int, Doubles]:
    seen: dict[int, list[Doubles]] = {}
    for look in looks:
        if not look.units.any():
            placed = place(look.points, mean, stable)
            effect = np.tensordot(turn_features(*turn_degrees(placed.rotation)[:2]), turned, 1)
            seen.setdefault(look.person, []).append(unplace(look.points, placed) - effect)
    return {person: np.mean(faces, axis=0) for person, faces in seen.items()}


def _make(identity: Identity, skin: Person) -> Person:
    """Return a person of this shape with the paint and the shadows of another: fifty times quicker."""
    rest = build_rest(default_pack(), identity.phenotype, identity.features)
    vertices = seat_teeth(rest.pack, rest.vertices)
    return replace(
        skin, rest=replace(rest, vertices=vertices), identity=replace(skin.identity, resting_units={})
    )


def _look(
    network: FaceMesh, person: Person, units: dict[str, float], pose: Pose, shade: float
) -> Doubles | None:
    background = np.full((SIDE, SIDE, 3), shade, np.float32)
    picture = develop(composite(render_person(person, units, pose, CAMERA, oversampling=1.0), background))
    box = np.array([0.2, 0.15, 0.8, 0.85], np.float32) * SIDE
    found = network.find(picture, LEVEL_POINTS * SIDE, box)
    again = network.follow(picture, found.points_px) if found is not None else None
    return to_model_axes(again.points_px) if again is not None else None


if __name__ == "__main__":
    sys.exit(main())
