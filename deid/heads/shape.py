"""From numbers to a surface: body type and features -> resting head -> expression, gaze and head pose."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from deid.heads.pack import Float, HeadPack, Index

AXES: Mapping[str, Mapping[str, float]] = {
    "gender": {"male": 0.0, "female": 1.0},
    "age": {"child": 1 / 3, "young": 2 / 3, "old": 1.0},
    "muscle": {"minmuscle": 0.0, "averagemuscle": 0.5, "maxmuscle": 1.0},
    "weight": {"minweight": 0.0, "averageweight": 0.5, "maxweight": 1.0},
}
ANCESTRIES = ("african", "asian", "caucasian")
ARM_DROP_DEG = 42.0  # the base mesh holds its arms away from the body
LID_FOLLOWS = 0.75  # share of the lid units that goes with a full turn of the eye
FULL_LOOK_DEG = 30.0


@dataclass(frozen=True)
class Pose:
    """Where the head is turned and the eyes look, in degrees, and how far the body has moved, in metres.

    yaw_deg: to the person's left; pitch_deg: up; roll_deg: towards the left shoulder. Gaze is relative to
    the head: gaze_yaw_deg to the person's left, gaze_pitch_deg up. shift_m, turn_deg: of the whole person.
    """

    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    gaze_yaw_deg: float = 0.0
    gaze_pitch_deg: float = 0.0
    shift_m: tuple[float, float, float] = (0.0, 0.0, 0.0)
    turn_deg: float = 0.0


@dataclass(frozen=True)
class RestHead:
    """One person's surface without expression (V, 3) in metres, with what moving it needs."""

    pack: HeadPack
    vertices: Float
    units: (
        Float  # (52, V * 3) offsets of the facial units in the order of pack.unit_names(), eyeballs excluded
    )
    eyes: tuple[Index, Index] = field(repr=False)  # vertex numbers of the left and right eyeball


def weigh_phenotype(phenotype: Mapping[str, float]) -> dict[str, float]:
    """Return the weight of every phenotype blendshape: products of linear interpolations along each axis.

    phenotype: gender 0 male .. 1 female, age 1/3 child, 2/3 young .. 1 old, muscle and weight 0..1 (0.5 when
    absent), and any of african, asian, caucasian as parts of a whole (equal when absent). Raises ValueError
    for another name. Weights of the ancestry shapes sum to 1, as do those of the others.

    >>> weights = weigh_phenotype({"gender": 1.0, "age": 2 / 3, "asian": 1.0})
    >>> {name: weight for name, weight in weights.items() if weight > 0}
    {'female-young-averagemuscle-averageweight': 1.0, 'asian-female-young': 1.0}
    """
    unknown = set(phenotype) - set(AXES) - set(ANCESTRIES)
    if unknown:
        raise ValueError(f"expected phenotype names of {(*AXES, *ANCESTRIES)}, got {sorted(unknown)}")
    along = {axis: _interpolate(phenotype.get(axis, 0.5), anchors) for axis, anchors in AXES.items()}
    parts = np.array([max(phenotype.get(name, 0.0), 0.0) for name in ANCESTRIES])
    parts = parts / parts.sum() if parts.sum() > 0 else np.full(3, 1 / 3)
    weights = {}
    for labels in itertools.product(*AXES.values()):
        steps = [along[axis][label] for axis, label in zip(AXES, labels, strict=True)]
        weights["-".join(labels)] = float(np.prod(steps))
    for part, name in zip(parts, ANCESTRIES, strict=True):
        for gender, age in itertools.product(AXES["gender"], AXES["age"]):
            weights[f"{name}-{gender}-{age}"] = float(part * along["gender"][gender] * along["age"][age])
    return weights


def _interpolate(value: float, anchors: Mapping[str, float]) -> dict[str, float]:
    places = list(anchors.values())
    at = float(np.clip(value, places[0], places[-1]))
    hats = np.eye(len(places))
    return {label: float(np.interp(at, places, hats[k])) for k, label in enumerate(anchors)}


def build_rest(pack: HeadPack, phenotype: Mapping[str, float], features: Mapping[str, float]) -> RestHead:
    """Return the resting surface of one person, arms lowered.

    features: local change -> weight, usually -1..1; a negative weight turns the change round. Raises KeyError
    for a name that the pack does not have.
    """
    vertices = pack.vertices.copy()
    for name, weight in weigh_phenotype(phenotype).items():
        shape = pack.shapes.get(
            f"phenotype:{name}"
        )  # the average adult's own shape moves nothing and is not stored
        if shape is not None and weight > 0:
            vertices[shape.vertices] += shape.offsets_m * np.float32(weight)
    for name, weight in features.items():
        shape = pack.shapes[f"local:{name}"]
        vertices[shape.vertices] += shape.offsets_m * np.float32(weight)
    vertices = _lower_arms(pack, vertices)
    eye = pack.vertices_of("eye")
    left = vertices[eye, 0] > 0
    return RestHead(
        pack, vertices, _close_fully(pack, vertices, _stack_units(pack, eye)), (eye[left], eye[~left])
    )


def _close_fully(pack: HeadPack, vertices: Float, units: Float) -> Float:
    """Return the units (K, V * 3) with blinks that just close these eyes; units is modified.

    As they are modelled, lids meet half way and go on downwards.
    """
    names = pack.unit_names()
    for name, (upper, lower) in zip(("eyeBlinkLeft", "eyeBlinkRight"), pack.lid_margins, strict=True):
        blink = units[names.index(name)]
        height = blink.reshape(-1, 3)[:, 1]
        blink *= (vertices[lower, 1] - vertices[upper, 1]) / (height[upper] - height[lower])
    return units


def _lower_arms(pack: HeadPack, vertices: Float) -> Float:
    lowered = vertices
    for side, (joint, sign) in enumerate((("l-shoulder", -1.0), ("r-shoulder", 1.0))):
        pivot = vertices[pack.joints[joint]].mean(axis=0)
        axis = np.array([0.0, 0.0, sign * ARM_DROP_DEG], np.float32)
        lowered = rotate_about(lowered, pivot, axis, pack.arm_weight[:, side])
    return lowered


def _stack_units(pack: HeadPack, eye: Index) -> Float:
    names = pack.unit_names()
    units = np.zeros((len(names), len(pack.vertices), 3), np.float32)
    for row, name in enumerate(names):
        shape = pack.shapes[f"unit:{name}"]
        units[row, shape.vertices] = shape.offsets_m
    units[:, eye] = 0.0
    return units.reshape(len(names), -1)


def express(rest: RestHead, expression: Mapping[str, float], only: Index | None = None) -> Float:
    """Return the surface (V, 3) with the facial units at the given weights, 0..1 each.

    only: numbers (N,) of the vertices that are wanted, in this order; all when None. Raises ValueError for a
    name that is no facial unit.
    """
    names = rest.pack.unit_names()
    unknown = set(expression) - set(names)
    if unknown:
        raise ValueError(f"expected facial units, got {sorted(unknown)}")
    moved = rest.vertices.copy() if only is None else rest.vertices[only]
    for name, offsets in zip(names, rest.units.reshape(len(names), -1, 3), strict=True):
        if weight := expression.get(name, 0.0):
            moved += (offsets if only is None else offsets[only]) * np.float32(weight)
    return moved


def add_units(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    """Return the sum of two expressions, every unit kept within 0..1.

    >>> add_units({"jawOpen": 0.7}, {"jawOpen": 0.7, "mouthPucker": 0.1})
    {'jawOpen': 1.0, 'mouthPucker': 0.1}
    """
    names = dict.fromkeys([*one, *other])
    return {name: min(max(one.get(name, 0.0) + other.get(name, 0.0), 0.0), 1.0) for name in names}


def light_mouth(expression: Mapping[str, float]) -> float:
    """Return how much light gets between the lips, 0.12..1: teeth behind closed lips are not seen."""
    parted = 4.0 * expression.get("jawOpen", 0.0)
    for side in ("Left", "Right"):
        parted += expression.get(f"mouthUpperUp{side}", 0.0) + expression.get(f"mouthLowerDown{side}", 0.0)
    return float(np.clip(0.12 + parted, 0.12, 1.0))


def follow_gaze(expression: Mapping[str, float], pose: Pose) -> dict[str, float]:
    """Return the expression with the lids following the eyes; the arguments stay as they are."""
    followed = dict(expression)
    down = LID_FOLLOWS * pose.gaze_pitch_deg / -FULL_LOOK_DEG
    for side in ("Left", "Right"):
        for unit, amount in ((f"eyeLookDown{side}", down), (f"eyeLookUp{side}", -down)):
            followed[unit] = float(np.clip(followed.get(unit, 0.0) + max(amount, 0.0), 0.0, 1.0))
    return followed


def pose_head(rest: RestHead, surface: Float, pose: Pose, only: Index | None = None) -> Float:
    """Return the surface (V, 3) with eyes, head and body turned and shifted; surface is not modified.

    only: as in express, whose result surface then is.
    """
    posed, vertices = surface, slice(None) if only is None else only
    everywhere = np.ones(len(posed), np.float32)
    for eye in rest.eyes:
        ball = np.zeros(len(rest.vertices), np.float32)
        ball[eye] = 1.0
        turn = np.array([-pose.gaze_pitch_deg, pose.gaze_yaw_deg, 0.0], np.float32)
        posed = rotate_about(posed, eye_centre(rest, eye), turn, ball[vertices])
    joints = rest.pack.joints
    pivot = rest.vertices[np.concatenate([joints["neck"], joints["head"]])].mean(axis=0)
    turn = np.array([-pose.pitch_deg, pose.yaw_deg, -pose.roll_deg], np.float32)
    posed = rotate_about(posed, pivot, turn, rest.pack.head_weight[vertices])
    foot = rest.vertices[joints["neck"]].mean(axis=0) - np.array([0.0, 0.5, 0.0], np.float32)
    posed = rotate_about(posed, foot, np.array([0.0, pose.turn_deg, 0.0], np.float32), everywhere)
    return posed + np.array(pose.shift_m, np.float32)


def eye_centre(rest: RestHead, eye: Index) -> Float:
    """Return the centre (3,) of an eyeball: the middle of its extent."""
    ball = rest.vertices[eye]
    centre: Float = (ball.min(axis=0) + ball.max(axis=0)) / 2
    return centre


def rotation_matrix(turn_deg: NDArray[np.floating]) -> Float:
    """Return the rotation (3, 3) about the axis turn_deg by its length in degrees (Rodrigues)."""
    return rotate_about(np.eye(3, dtype=np.float32), np.zeros(3), turn_deg, np.ones(3, np.float32)).T


def rotate_about(
    points: Float, pivot: NDArray[np.floating], turn_deg: NDArray[np.floating], share: Float
) -> Float:
    """Return points (N, 3) turned about pivot by turn_deg (3,), an axis whose length is the angle in degrees.

    share: (N,) how much of the turn each point takes part in. Rodrigues' formula; points are not modified.

    >>> one = np.ones(1, np.float32)
    >>> turned = rotate_about(np.eye(1, 3, dtype=np.float32), np.zeros(3), np.array([0, 0, 90.0]), one)
    >>> turned.round(3)[0].tolist()[1:]
    [1.0, 0.0]
    """
    angle_deg = float(np.linalg.norm(turn_deg))
    moving = np.flatnonzero(share)
    if angle_deg == 0.0 or not len(moving):
        return points
    axis = (np.asarray(turn_deg, np.float32) / np.float32(angle_deg)).astype(np.float32)
    angle = np.radians(np.float32(angle_deg) * share[moving])[:, None]
    arms = points[moving] - np.asarray(pivot, np.float32)
    along = (arms @ axis)[:, None] * axis
    turned = along + (arms - along) * np.cos(angle) + np.cross(axis, arms) * np.sin(angle)
    result = points.copy()
    result[moving] = np.asarray(pivot, np.float32) + turned
    return result
