"""Who is found by somebody who has seen what the method makes of others: pure functions of embeddings.

Two attacks. "hidden alike": the attacker hides everybody of the gallery and compares the results (the parrot
attack of Newton, Sweeney and Malin, 2005, doi:10.1109/TKDE.2005.32). "led back": the attacker learns from
other people how the method moves an embedding (ridge regression of what it takes away) and undoes that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from deid.gallery import unit
from deid.privacy import lower_bound
from deid.rehearsal import Rehearsal
from emotion.types import Float

FALSE_ACCEPTS: Final = 0.01
LEAST_PAIRS: Final = 100  # of two people each, to say what 1 % of these reach
LEAST_PEOPLE: Final = 4  # besides the person
RIDGE: Final = 3.0  # in shares of the mean squared length
HIDDEN_ALIKE, LED_BACK = "hidden alike", "led back"


@dataclass(frozen=True)
class InformedAttack:
    """One recogniser in the hands of an attacker, who looks among gallery_size people.

    rank1_lower95: of the share in frames like those of this recording; of other people it says nothing.
    threshold: what 1 % of pairs of different people reach.
    """

    recogniser: str
    attack: str
    probes: int
    gallery_size: int
    rank1: float
    rank1_lower95: float
    tar_at_far_1e2: float | None
    threshold: float | None


def hide_alike(
    name: str, probes: Float, person: Rehearsal, others: Sequence[Rehearsal], *, covered: bool = False
) -> InformedAttack:
    """Return how often probes (N, D) are most like the person's own rehearsal.

    name: of the recogniser. covered: the same for probes under a box, which shows what hair, place and light
    give away beside the face.
    """
    everyone = [one.covered[name] if covered else one.after[name] for one in (person, *others)]
    centre = np.mean([rows.mean(axis=0) for rows in everyone[1:]], axis=0)
    templates = np.stack([unit(rows.mean(axis=0) - centre) for rows in everyone])
    strangers = [
        _towards(rows, centre) @ np.delete(templates[1:], at, axis=0).T
        for at, rows in enumerate(everyone[1:])
    ]
    return _count(name, HIDDEN_ALIKE, _towards(probes, centre) @ templates.T, strangers)


def lead_back(
    name: str, probes: Float, enrolled: Float, others: Sequence[Rehearsal]
) -> InformedAttack | None:
    """Return how often probes (N, D), led back, are most like the person's face (D,) as it was; None when the
    others are too few to learn from some and be told apart from the rest.

    Each half of the others is learned from once: led back, a face is like those that were learned from.
    """
    if len(others) < 2 * LEAST_PEOPLE:
        return None
    scores, strangers = [], []
    for learned, rest in ((others[::2], others[1::2]), (others[1::2], others[::2])):
        way = _Way(name, learned)
        told_apart = rest[: len(others) // 2]
        faces = way.of(np.stack([unit(one.before[name].mean(axis=0)) for one in told_apart]))
        scores.append(way.back(probes) @ np.concatenate([way.of(enrolled[None]), faces]).T)
        for at, one in enumerate(told_apart):
            strangers.append(way.back(one.after[name]) @ np.delete(faces, at, axis=0).T)
    return _count(name, LED_BACK, np.concatenate(scores), strangers, tries=2)


class _Way:
    """From hidden to original embeddings, learned from some people."""

    def __init__(self, name: str, people: Sequence[Rehearsal]) -> None:
        before = np.concatenate([one.before[name] for one in people]).astype(np.float64)
        after = np.concatenate([one.after[name] for one in people]).astype(np.float64)
        self._from, self._to = after.mean(axis=0), before.mean(axis=0)
        self._seen = after - self._from  # (N, D)
        gram = self._seen @ self._seen.T
        weight = RIDGE * np.trace(gram) / len(gram)
        lost = (before - self._to) - self._seen
        self._lost = np.linalg.solve(gram + weight * np.eye(len(gram)), lost)  # (N, D)

    def back(self, hidden: Float) -> Float:
        moved = hidden - self._from
        return _rows(moved + moved @ self._seen.T @ self._lost)

    def of(self, faces: Float) -> Float:
        return _rows(faces - self._to)


def _towards(rows: Float, centre: Float) -> Float:
    return _rows(rows - centre)


def _rows(rows: Float) -> Float:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-9), np.float32)


def _count(
    name: str, attack: str, scores: Float, strangers: Sequence[Float], *, tries: int = 1
) -> InformedAttack:
    """scores: (N, G), the person in column 0, each probe in as many rows as there were tries. strangers: of
    each other person, scores of their rows with everybody else (R, P).
    """
    hits, count = (scores.argmax(axis=1) == 0).sum() / tries, len(scores) // tries
    pairs = sum(part.shape[1] for part in strangers) // 2  # each is met from both sides
    reached = np.concatenate([part.ravel() for part in strangers])
    limit = float(np.quantile(reached, 1 - FALSE_ACCEPTS)) if pairs >= LEAST_PAIRS else None
    return InformedAttack(
        name,
        attack,
        count,
        scores.shape[1],
        float(hits / count),
        lower_bound(float(hits), count),
        None if limit is None else float((scores[:, 0] > limit).mean()),
        limit,
    )
