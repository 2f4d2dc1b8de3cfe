"""A face that is nobody's: the mean of at least k people's shapes and unrolled pictures.

Newton, Sweeney and Malin, "Preserving privacy by de-identifying face images", 2005, and Gross et al.,
"Model-based face de-identification", 2006. Unlike there, the person who is hidden is not among those
averaged. Whoever knows all who contributed to a mean of k is right once in k times when asked whose it is.

Pictures are brought to one light and laid over one another by optical flow before they are averaged, and the
mean gets back the contrast of detail that averaging took from it; else it is a blur that belongs to no
photograph.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from deid.blend import relight, to_linear_light
from deid.canonical import SIDE, load_layout
from deid.contribution import CALM, OPEN, PICTURES, Contribution
from deid.donors import AGE_STEP, SEX_STEP
from deid.errors import TooFewContributors
from emotion.types import Float, Image

LEAST_K: Final = 2
DEFAULT_K: Final = 8
MOST_TOGETHER: Final = 16  # people in the mean of an expression, and of those who look about the same
YEARS, FEMALE = 3, 4  # columns of Contribution.looks
# Of the ratio of a group's mean to that of others. Six groups each for two people (shared/data), mean cosine
# to the person: .18 as it is, .11 with a half of it added, .08 with four fifths, but expressions suffer.
DISTINCT: Final = 0.5
SKIN_BGR: Final = (0.10, 0.16, 0.30)  # linear light that a mean begins from
ROUNDS: Final = 3
FLOW_SIGMA, FLOW_MOST_PX = 4.0, 5.0
MOST_SHARE: Final = 1.5  # times an even share, of any pixel
ODD: Final = 0.08  # of the square root of light: glasses, beards and hair differ by more from the median
# Bands of detail by sigma in pixels, and how far each may be raised to its mean strength in a photograph.
BANDS: Final = ((1.0, 2.2), (2.0, 2.0), (4.0, 1.6))
WRINKLE_SIGMA, WRINKLE_MOST = 1.5, 0.5  # of the logarithm of light
HAIR_DARK, HAIR_MIDDLE = 0.62, 41  # share of the skin's light, and pixels within which it is brow or eye
SPREAD_SIGMAS: Final = (8, 20, 50, 120)


@dataclass(frozen=True)
class MeanFace:
    """A donor that is nobody.

    calm (468, 3): the shape at rest, in eye distances. picture, open (SIDE, SIDE, 3): linear light of the
    face at rest, and with an open mouth, None where fewer than k show one. wrinkles: by emotion, what it adds
    to the logarithm of light (SIDE, SIDE), where k show it. k: how many at least each part is the mean of;
    members: the digests of those at rest; lent: of everybody of whom anything is in it; name: of this mean
    and no other.
    """

    calm: Float
    picture: Float
    open: Float | None
    wrinkles: Mapping[str, Float]
    k: int
    members: tuple[str, ...]
    name: str
    lent: tuple[str, ...]


@dataclass(frozen=True)
class Expressions:
    """What mouths and emotions look like in general. open, wrinkles, lent: as in MeanFace."""

    open: Float | None
    wrinkles: Mapping[str, Float]
    lent: tuple[str, ...] = ()


def average(
    group: Sequence[Contribution], k: int, others: Sequence[Contribution], expressions: Expressions
) -> MeanFace:
    """Return the mean of a group, made distinct from the mean of those of the others who look about the same.

    A mean of many faces is a little like everybody's, also like that of who is hidden. Raises
    TooFewContributors when the group is smaller than k, ValueError for a k below LEAST_K.
    """
    if k < LEAST_K:
        raise ValueError(f"expected k to be {LEAST_K} at least, got {k}")
    if (count := len({one.digest for one in group})) < k:
        raise TooFewContributors(f"expected {k} people to make a face of, got {count}")
    alike = _about_alike(group, others)
    picture = _make_distinct(_spread_skin(_mean(group, CALM)), alike)
    opened = expressions.open
    return MeanFace(
        np.asarray(np.mean([one.calm for one in group], axis=0), np.float32),
        picture,
        None if opened is None else relight(opened, picture, load_layout().skin),
        expressions.wrinkles,
        k,
        tuple(sorted(one.digest for one in group)),
        name_of(group, k),
        tuple(sorted({one.digest for one in alike} | set(expressions.lent))),
    )


def average_expressions(people: Sequence[Contribution], k: int) -> Expressions:
    """Return what at least k of the people, and MOST_TOGETHER at most, show; nothing of what fewer do."""
    shown = {kind: able for kind in PICTURES if len(able := _able(people, kind)) >= k and kind != CALM}
    opened = shown.pop(OPEN, [])
    lent = {one.digest for able in (opened, *shown.values()) for one in able}
    return Expressions(_mean(opened, OPEN) if opened else None, _wrinkles(shown), tuple(sorted(lent)))


def _about_alike(group: Sequence[Contribution], others: Sequence[Contribution]) -> list[Contribution]:
    """Return the group and those of the others who are about as old and of the same sex."""
    age, sex = np.mean([one.looks[[YEARS, FEMALE]] for one in group], axis=0)
    left = [one for one in others if one not in group]
    left.sort(key=lambda one: (look_distance(one, float(age), float(sex)), one.digest))
    return [*group, *left[: max(0, MOST_TOGETHER - len(group))]]


def _make_distinct(picture: Float, people: Sequence[Contribution]) -> Float:
    general = relight(_spread_skin(_mean(people, CALM)), picture, load_layout().skin)
    apart = (_soft_log(picture) - _soft_log(general)).mean(axis=-1) * load_layout().inner
    apart = DISTINCT * np.clip(apart, -WRINKLE_MOST, WRINKLE_MOST)
    return np.asarray(np.clip(picture * np.exp(apart)[..., None], 0, 1), np.float32)


def look_distance(one: Contribution, age_years: float, female: float) -> float:
    """Return how far in steps somebody is from an age and a share of the way from male to female."""
    age = (float(one.looks[YEARS]) - age_years) / AGE_STEP
    return float(np.hypot(age, (float(one.looks[FEMALE]) - female) / SEX_STEP))


def name_of(group: Sequence[Contribution], k: int) -> str:
    """Return the name of the mean of a group, whatever its order."""
    members = ",".join(sorted(one.digest for one in group))
    return f"k-same-{hashlib.sha256(f'{k}:{members}'.encode()).hexdigest()[:12]}"


def _able(people: Sequence[Contribution], kind: str) -> list[Contribution]:
    return [one for one in people if kind in one.pictures][:MOST_TOGETHER]


def _wrinkles(shown: Mapping[str, Sequence[Contribution]]) -> dict[str, Float]:
    """Return what emotions add. shown: by emotion, those who show it."""
    found = {}
    inside = np.asarray(cv2.GaussianBlur(cv2.erode(load_layout().inner, np.ones((31, 31))), (0, 0), 6.0))
    for emotion, able in shown.items():
        calm = _mean(able, CALM)
        change = (_soft_log(_mean(able, emotion, like=calm)) - _soft_log(calm)).mean(axis=-1)
        found[emotion] = np.asarray(np.clip(change, -WRINKLE_MOST, WRINKLE_MOST) * inside, np.float32)
    return found


def _soft_log(light: Float) -> Float:
    return np.asarray(np.log(np.maximum(cv2.GaussianBlur(light, (0, 0), WRINKLE_SIGMA), 0.01)), np.float32)


def _mean(people: Sequence[Contribution], kind: str, like: Float | None = None) -> Float:
    """Return the mean (SIDE, SIDE, 3) of one kind of picture. like: a mean to be laid over."""
    skin = load_layout().skin
    faces = [to_linear_light(one.pictures[kind]) for one in people]
    weights = np.stack([one.seen[kind] for one in people]).astype(np.float32)[..., None] / 255 + 1e-3
    mean = _in_common_light(np.mean(faces, axis=0), skin) if like is None else like
    lit = np.stack(faces)
    for number in range(ROUNDS):
        lit = np.stack([relight(face, mean, skin) for face in faces])
        if number or like is not None:
            lit = np.stack([_lay_over(face, mean) for face in lit])
        middle = np.median(np.sqrt(np.maximum(lit, 0)), axis=0)
        odd = np.abs(np.sqrt(np.maximum(lit, 0)) - middle).mean(axis=-1, keepdims=True)
        shares = _hold_down(weights / (1 + (odd / ODD) ** 2))
        mean = np.asarray((lit * shares).sum(axis=0), np.float32)
    return _sharpen(mean, lit)


def _hold_down(weights: Float) -> Float:
    """Return weights (N, ...) that sum to 1 over the N, mixed with even ones until none is above MOST_SHARE.

    What one person alone shows well would else be theirs alone.
    """
    even = np.float32(1 / len(weights))
    shares = weights / weights.sum(axis=0)
    most = shares.max(axis=0)
    over = np.clip((most - MOST_SHARE * even) / np.maximum(most - even, 1e-6), 0, 1)
    return np.asarray(shares * (1 - over) + even * over, np.float32)


def _in_common_light(mean: Float, skin: Float) -> Float:
    colour = np.maximum(mean[skin > 0].mean(axis=0), 1e-4)
    return np.asarray(mean / colour * np.array(SKIN_BGR), np.float32)


def _lay_over(face: Float, mean: Float) -> Float:
    """Return a face whose features lie where those of a mean do, moved by a few pixels at most."""
    finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    still = np.zeros((SIDE, SIDE, 2), np.float32)
    flow = np.asarray(finder.calc(_features(mean), _features(face), still), np.float32)
    flow = np.asarray(cv2.GaussianBlur(flow, (0, 0), FLOW_SIGMA), np.float32)
    length = np.linalg.norm(flow, axis=2, keepdims=True)
    flow *= np.minimum(1, FLOW_MOST_PX / np.maximum(length, 1e-6))
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    return np.asarray(
        cv2.remap(face, columns + flow[..., 0], rows + flow[..., 1], cv2.INTER_LINEAR), np.float32
    )


def _features(light: Float) -> Image:
    """Return a face as grey of one brightness and contrast everywhere, so that only its features count."""
    grey = np.sqrt(np.clip(light, 0, 1)) @ np.array([0.114, 0.587, 0.299], np.float32) * 255
    middle = cv2.GaussianBlur(grey, (0, 0), 12)
    spread = np.sqrt(cv2.GaussianBlur((grey - middle) ** 2, (0, 0), 12)) + 6
    return np.asarray(np.clip(128 + 40 * (grey - middle) / spread, 0, 255), np.uint8)


def _sharpen(mean: Float, faces: Float) -> Float:
    """Return a mean whose detail is, in every place and band, about as strong as that of the faces (N,
    ...)."""
    sharp = mean.copy()
    for sigma, most in BANDS:
        own, theirs = _strength(_band(mean, sigma)), [_strength(_band(face, sigma)) ** 2 for face in faces]
        gain = np.clip(np.sqrt(np.mean(theirs, axis=0)) / np.maximum(own, 1e-5), 1, most)
        sharp += _band(mean, sigma) * (gain - 1)
    return np.asarray(np.clip(sharp, 0, 1), np.float32)


def _band(light: Float, sigma: float) -> Float:
    return np.asarray(
        cv2.GaussianBlur(light, (0, 0), sigma) - cv2.GaussianBlur(light, (0, 0), 2 * sigma), np.float32
    )


def _strength(band: Float) -> Float:
    return np.asarray(np.sqrt(cv2.GaussianBlur(band**2, (0, 0), 10)), np.float32)


def _spread_skin(light: Float) -> Float:
    """Return a face with skin where its photographs showed hair, ears and what was behind them."""
    layout = load_layout()
    grey = light @ np.array([0.114, 0.587, 0.299], np.float32)
    level = float(np.median(grey[layout.skin > 0]))
    middle = cv2.erode(layout.inner, np.ones((HAIR_MIDDLE, HAIR_MIDDLE))) > 0
    dark = ((grey < HAIR_DARK * level) & ~middle).astype(np.uint8)
    hair = cv2.dilate(cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((3, 3))), np.ones((9, 9))) > 0
    source = (layout.skin * ~hair * (grey > 0.7 * level)).astype(np.float32)
    total, weight = np.zeros_like(light), np.zeros_like(grey)
    for sigma in SPREAD_SIGMAS:  # the nearest skin counts most, and there is some everywhere
        total += np.asarray(cv2.GaussianBlur(light * source[..., None], (0, 0), sigma)) / sigma**3
        weight += np.asarray(cv2.GaussianBlur(source, (0, 0), sigma)) / sigma**3
    filled = total / np.maximum(weight, 1e-12)[..., None]
    kept = cv2.erode(layout.inner, np.ones((15, 15))) * ~hair
    share = np.asarray(cv2.GaussianBlur(kept.astype(np.float32), (0, 0), 3.5))[..., None]
    return np.asarray(light * share + filled * (1 - share), np.float32)
