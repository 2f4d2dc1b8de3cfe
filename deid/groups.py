"""Of whom a k-same donor is made: people who are others, near in age and sex, and least like who is
hidden."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from deid.average import DEFAULT_K, LEAST_K, look_distance, name_of
from deid.contribution import EMBEDDINGS, Contribution
from deid.donors import Looks
from deid.errors import TooFewContributors
from emotion.roles import SAME_PERSON
from emotion.types import Float

GROUPS: Final = 16  # that are tried on a person
NEAR: Final = 3  # times k contributors near in age and sex, of whom the least alike are taken
DRAWN_FROM: Final = 1.5  # times k of the least alike, from whom groups are drawn
JUDGED: Final = "identity"


@dataclass(frozen=True)
class KSame:
    """A look made of others: at least k of these people for every face. Make it with make_look.

    worn: the digests of those of whose mean the person has been given before, which they keep.
    """

    contributions: tuple[Contribution, ...]
    k: int = DEFAULT_K
    worn: tuple[str, ...] = ()


def make_look(contributions: Sequence[Contribution], k: int = DEFAULT_K, worn: Sequence[str] = ()) -> KSame:
    """Return a look in which everybody takes part once: of two contributions of one person the first stays.

    Raises TooFewContributors when fewer than k people are left, or k is below LEAST_K.
    """
    if k < LEAST_K:
        raise TooFewContributors(f"expected k to be {LEAST_K} at least, got {k}")
    people: list[Contribution] = []
    for one in contributions:
        if all(_cosine(one, other.embeddings[JUDGED]) < SAME_PERSON for other in people):
            people.append(one)
    if len(people) < k:
        raise TooFewContributors(
            f"expected {k} different people to make a face of, got {len(people)}; "
            "add recordings of more people"
        )
    return KSame(tuple(people), k, tuple(worn))


def leave_out(person: Looks, look: KSame) -> tuple[Contribution, ...]:
    """Return those of a look who are not the person. Raises TooFewContributors when they are fewer than k.

    Nobody is left of a person of whom no embedding is known, for they could be anybody.
    """
    own = person.embeddings.get(JUDGED)
    others = (
        () if own is None else tuple(one for one in look.contributions if _cosine(one, own) < SAME_PERSON)
    )
    if own is not None and len(others) < look.k:
        raise TooFewContributors(
            f"expected {look.k} people other than the person who is hidden, got {len(others)}; "
            "add recordings of more people"
        )
    return others


def list_groups(
    person: Looks, others: Sequence[Contribution], k: int, key: str
) -> list[tuple[Contribution, ...]]:
    """Return different groups of k of at least k others, the one that is least like the person first.

    key: secret, and the same for one person throughout a study; it decides which further groups there are.
    """
    age, sex = person.age_years, float(round(person.female))
    near = sorted(others, key=lambda one: (look_distance(one, age, sex), one.digest))[: NEAR * k]
    own = person.embeddings[JUDGED]
    unlike = sorted(near, key=lambda one: (_cosine(one, own), one.digest))[: round(DRAWN_FROM * k)]
    lots = np.random.default_rng(int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest()))
    groups = {name_of(unlike[:k], k): tuple(unlike[:k])}
    for _ in range(GROUPS - 1):
        drawn = tuple(unlike[at] for at in np.sort(lots.permutation(len(unlike))[:k]))
        groups.setdefault(name_of(drawn, k), drawn)
    return list(groups.values())


def worn_group(others: Sequence[Contribution], look: KSame) -> tuple[Contribution, ...]:
    """Return the group whose mean the person has been given before; nobody unless all of k are left."""
    group = tuple(one for one in others if one.digest in look.worn)
    return group if len(group) == len(look.worn) >= look.k else ()


def outside(group: Sequence[Contribution], everybody: Sequence[Contribution], k: int) -> Mapping[str, Float]:
    """Return embeddings (O, D) by network of those who are not in a group; nothing for fewer than k.

    They stand for whom a result could be mistaken for; those in the group are in the result.
    """
    left = [one for one in everybody if one not in group]
    found = {name: [one.embeddings[name] for one in left if name in one.embeddings] for name in EMBEDDINGS}
    return {name: np.stack(rows) for name, rows in found.items() if len(rows) >= k}


def _cosine(one: Contribution, embedding: Float) -> float:
    return float(one.embeddings[JUDGED] @ embedding)
