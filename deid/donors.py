"""The bank of donors: synthetic people of many ages, both sexes, all ancestries, from fixed seeds."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from deid.errors import UnknownDonor
from deid.heads.look import Colour
from deid.heads.person import Person, make_bare, make_person
from deid.heads.render import Camera, composite, develop, render_person
from deid.heads.sample import name_of, sample_identity
from deid.heads.shape import Pose, add_units
from emotion.errors import OutputUnwritable
from emotion.types import Float

BANK_SIZE: Final = 512  # more than a study of 350 patients and their doctors takes
PORTRAIT_SIDE: Final = 320
NEAREST: Final = 12  # donors near in looks whose order the seed decides
CANDIDATES: Final = 24
YOUNGEST_YEARS, OLDEST_YEARS = 22.0, 80.0  # of Donor.age 0 and 1
# The calm mouth of a rendered head is read as lower at its corners than people's are. Networks that no audit
# uses (human, face-api, mobileface) asked for this on five of seven people; on nine people densenet then
# reads the same in 68 instead of 57 % of the seconds, fer in 44 instead of 46 %.
CALM_MOUTH: Final = {"mouthSmileLeft": 0.2, "mouthSmileRight": 0.2}
# What counts as one step away: grey levels of Lab, years, and share of the way from male to female.
TONE_STEP, AGE_STEP, SEX_STEP = 25.0, 10.0, 0.25
RESERVED_EVERY, RESERVED_AT = 4, 3  # a quarter of the bank is for those whom no camera is pointed at
LEFT_SHARE: Final = 0.5  # of the bank: those who are least like the person to both recognisers
LIKENESS_PATH: Final = Path(__file__).with_name("donor_likeness.npz")


@dataclass(frozen=True)
class Donor:
    """One synthetic person of the bank. skin: sRGB 0..1. age: 0 young .. 1 old; female: 0..1."""

    name: str
    seed: int
    female: float
    age: float
    ancestry: str
    skin: tuple[float, float, float]

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {**vars(self), "skin": [round(part, 3) for part in self.skin]}


@cache
def donor_names() -> tuple[str, ...]:
    """Return the names of the whole bank; describing all of it takes a second."""
    return tuple(name_of(seed) for seed in range(BANK_SIZE))


@cache
def list_donors() -> tuple[Donor, ...]:
    """Return the whole bank, always the same."""
    return tuple(_describe(seed) for seed in range(BANK_SIZE))


def find_donor(name: str) -> Donor:
    """Return a donor by name. Raises UnknownDonor."""
    for donor in list_donors():
        if donor.name == name:
            return donor
    raise UnknownDonor(f"expected a donor of donor-0 to donor-{BANK_SIZE - 1} or auto, got {name!r}")


@dataclass(frozen=True)
class Looks:
    """What is seen of a person: mean skin (3,) BGR 0..255, years, 0 male .. 1 female.

    embeddings: unit vectors by the name of the network that read them, those of load_likeness or fewer.
    hair_bgr: (3,) 0..255, None when it is not in the picture.
    """

    tone_bgr: Float
    age_years: float
    female: float
    embeddings: Mapping[str, Float] = field(default_factory=dict)
    hair_bgr: Float | None = None


def choose_donor(person: Looks, key: str, taken: Collection[str] = ()) -> Donor | None:
    """Return the donor for a person when none can be tried: the first of list_candidates."""
    return next(iter(list_candidates(person, key, taken)), None)


@cache
def reserved_donors() -> frozenset[str]:
    """Return those of the bank whom nobody of a study gets, so that passers-by never share one with them."""
    return frozenset(donor_names()[RESERVED_AT::RESERVED_EVERY])


@cache
def study_donors() -> frozenset[str]:
    """Return all others of the bank."""
    return frozenset(donor_names()) - reserved_donors()


def list_candidates(person: Looks, key: str, taken: Collection[str] = ()) -> tuple[Donor, ...]:
    """Return donors for a person: near in tone, age and sex, far in identity, then others.

    key: secret, and the same for one person throughout a study; it decides the order of the nearest. taken:
    donors of other people, never given again; when all are taken, nobody is left.
    """
    free = [donor for donor in list_donors() if donor.name not in taken]
    alike = rank_likeness(person.embeddings)
    left = max(NEAREST, round(LEFT_SHARE * len(free))) if person.embeddings else len(free)
    free = sorted(free, key=lambda donor: float(alike[donor.seed]))[:left]
    near = sorted(free, key=lambda donor: _distance(donor, person))[:CANDIDATES]
    return (*sorted(near[:NEAREST], key=lambda donor: _draw_lot(key, donor.name)), *near[NEAREST:])


def _draw_lot(key: str, name: str) -> bytes:
    return hashlib.blake2b(f"{key}:{name}".encode(), digest_size=8).digest()


def _distance(donor: Donor, person: Looks) -> float:
    wanted = _lab(np.asarray(person.tone_bgr, np.float32) / np.float32(255))
    tone = np.linalg.norm(_skin_lab(donor) - wanted) / TONE_STEP
    years = YOUNGEST_YEARS + donor.age * (OLDEST_YEARS - YOUNGEST_YEARS)
    age = (years - np.clip(person.age_years, YOUNGEST_YEARS, OLDEST_YEARS)) / AGE_STEP
    sex = (donor.female - round(person.female)) / SEX_STEP  # a face that is likely a woman's gets a woman's
    return float(np.linalg.norm([tone, age, sex]))


def rank_likeness(embeddings: Mapping[str, Float]) -> Float:
    """Return how alike each donor is to a person, 0 .. 1 (BANK_SIZE,), to the network that finds more.

    Compared by rank, since the cosines of two networks mean different things; all 0 without an embedding.
    """
    ranks = np.zeros((1, BANK_SIZE))
    for name, embedding in embeddings.items():
        order = np.argsort(np.argsort(load_likeness()[name] @ embedding))
        ranks = np.vstack([ranks, order / (BANK_SIZE - 1)])
    return np.asarray(ranks.max(axis=0), np.float32)


@cache
def load_likeness() -> dict[str, Float]:
    """Return embeddings (BANK_SIZE, D) of all donors' bare faces by network, unit vectors.

    Read by deid.build_likeness, so that nobody has to be drawn to choose. These are the recognisers of an
    audit, which therefore says less of a third one.
    """
    with np.load(LIKENESS_PATH, allow_pickle=False) as stored:
        return {name: stored[name].astype(np.float32) for name in stored.files}


@lru_cache(maxsize=8)
def make_avatar(name: str) -> Person:
    """Return the whole person of a donor, hair and clothes included. Raises UnknownDonor."""
    return make_person(sample_identity(find_donor(name).seed))


@lru_cache(maxsize=8)
def make_donor(name: str, skin_of: str | None = None, hair: Colour | None = None) -> Person:
    """Return the person of a donor without clothes: only the face is shown, and the hairline above it.

    skin_of: the donor whose colour of skin they get, as nearest_skin chooses it; their own by default. hair:
    its colour, sRGB 0..1; without it they are bald. Raises UnknownDonor.
    """
    identity = sample_identity(find_donor(name).seed)
    skin = find_donor(skin_of or name).skin
    red, green, blue = (
        lip / own * worn for lip, own, worn in zip(identity.look.lip, identity.look.skin, skin, strict=True)
    )
    look = replace(identity.look, skin=skin, lip=(red, green, blue))
    resting = add_units(identity.resting_units, CALM_MOUTH)
    return make_bare(replace(identity, look=look, resting_units=resting), hair)


def dress(name: str, person: Looks) -> Person:
    """Return a donor in a person's colours of skin and hair. Raises UnknownDonor."""
    hair = None
    if person.hair_bgr is not None:
        blue, green, red = (round(float(part) / 255, 3) for part in person.hair_bgr)
        hair = red, green, blue
    return make_donor(name, nearest_skin(person.tone_bgr), hair)


def nearest_skin(tone_bgr: Float) -> str:
    """Return the donor whose skin is nearest to a tone (3,) 0..255.

    A face whose skin is another's can only be lit to look like it together with its brows and eyes, which
    then turn grey and glow.
    """
    wanted = _lab(np.asarray(tone_bgr, np.float32) / np.float32(255))
    return min(list_donors(), key=lambda donor: float(np.linalg.norm(_skin_lab(donor) - wanted))).name


def draw_portrait(name: str, destination: Path) -> None:
    """Write a picture of a donor. Raises UnknownDonor, OutputUnwritable."""
    camera = Camera((PORTRAIT_SIDE, PORTRAIT_SIDE), 1000.0)
    picture = render_person(make_avatar(name), {}, Pose(), camera)
    image = develop(composite(picture, np.full((PORTRAIT_SIDE, PORTRAIT_SIDE, 3), 0.35, np.float32)))
    if not destination.parent.is_dir() or not cv2.imwrite(str(destination), image):
        raise OutputUnwritable(f"the picture could not be written as {destination.name}; choose another name")


def _describe(seed: int) -> Donor:
    identity = sample_identity(seed)
    parts = {name: identity.phenotype[name] for name in ("african", "asian", "caucasian")}
    return Donor(
        identity.name,
        seed,
        round(identity.phenotype["gender"], 2),
        round((identity.phenotype["age"] - 0.64) / 0.33, 2),
        max(parts, key=lambda name: parts[name]),
        identity.look.skin,
    )


def _skin_lab(donor: Donor) -> Float:
    return _lab(np.array(donor.skin[::-1], np.float32))


def _lab(bgr: Float) -> Float:
    pixel = np.asarray(bgr, np.float32).reshape(1, 1, 3)
    return np.asarray(cv2.cvtColor(pixel, cv2.COLOR_BGR2LAB), np.float32).reshape(3)
