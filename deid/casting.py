"""Choose a donor by trying: who hides the person where it will be seen, and still says the same.

No portrait tells what a donor looks like in somebody's hair and light. So candidates are drawn over a few
frames of the person, and the results are read by both recognisers, cut by the person's own points, and by
three expression networks that no audit uses. Whether a result finds the person depends on who else could be
meant; the other donors of the bank stand in for these, so that no real face is needed. For 96 results of 8
people (shared/data), the share of the bank that is liker to a result than the person is foretold rank 1
among 17 real people, worst case: 6 % of the frames where it was .7 and more, 37 % from .3 to .5, 61 % below
.3. Cosines alone did not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np

from deid.anchors import Anchors
from deid.contrast import match_contrast
from deid.donors import Looks, dress, list_candidates, load_likeness
from deid.draw import Face, Motion, RenderedFace, draw_donor
from deid.moments import frames_at, spread
from deid.recognisers import load_identifiers
from emotion.inference import available_cores
from emotion.prefetch import map_ahead
from emotion.recognise import load_recogniser
from emotion.types import Detections, Float, Image, MediaPath

TRIAL_FRAMES: Final = 5
NETWORKS: Final = ("mobileface", "human", "face-api")  # of expression; no audit uses them (deid.audit)
AT_ONCE: Final = 8  # candidates; more only when none of these is safe
SAFE: Final = 0.7  # of Fitness.safety: from here on the expression decides
LEAST: Final = 0.3  # of Fitness.hidden: below it nobody is drawn
JUDGED: Final = "identity"  # the recogniser of which an audit's limit (.15) speaks
LIKENESS_RANGE: Final = (0.08, 0.16)  # mean cosine that is beyond doubt, and that is at fault

Tried = TypeVar("Tried")


@dataclass(frozen=True)
class Trial:
    """A frame (H, W, 3), how a donor is drawn there, and the person's face in it."""

    image_bgr: Image
    motion: Motion
    face: Detections


@dataclass(frozen=True)
class Fitness:
    """What a donor's results say.

    hidden: as hidden_share, by the recogniser that finds more, 1 where there is nobody to compare with, which
    is_compared says; likeness: mean cosine by JUDGED. kept: share of the expression, 0..1.
    """

    donor: str
    hidden: float
    likeness: float
    kept: float
    is_compared: bool = True

    @property
    def safety(self) -> float:
        """Return 0..1: hidden, or less where the likeness nears what an audit objects to."""
        low, high = LIKENESS_RANGE
        return min(self.hidden, float(np.clip((high - self.likeness) / (high - low), 0, 1)))


@dataclass(frozen=True)
class Cast:
    """Whom casting chose, None when nobody hides the person; tried: all who were drawn."""

    donor: str | None
    tried: tuple[Fitness, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values: how many were tried, and how well who was chosen, or else the best, hides.

        None where there was nobody to compare with.
        """
        left = [one.hidden for one in self.tried if self.donor in (None, one.donor) and one.is_compared]
        return {"tried": len(self.tried), "hidden": round(max(left), 3) if left else None}


def choose_fittest(tried: Sequence[Fitness]) -> str | None:
    """Return the donor who keeps most of the expression of those who are safe, else the safest.

    None when the safest finds the person more often than others. People who are rendered themselves are like
    every donor; a cosine alone refuses nobody.

    >>> choose_fittest([Fitness("a", 0.9, 0, 0.5), Fitness("b", 0.8, 0, 0.6), Fitness("c", 0.5, 0, 0.9)])
    'b'
    >>> choose_fittest([Fitness("a", 0.1, 0, 0.9)]) is None
    True
    """
    safe = [one for one in tried if one.safety >= SAFE]
    if safe:
        return max(safe, key=lambda one: one.kept).donor
    left = [one for one in tried if one.hidden >= LEAST]
    return max(left, key=lambda one: (one.safety, one.hidden)).donor if left else None


def try_until_safe(candidates: Iterable[Tried], measure: Callable[[Tried], Fitness]) -> Cast:
    """Return whom to draw; more candidates are measured only as long as none is safe.

    Those tried at once are measured side by side."""
    tried: list[Fitness] = []
    waiting = iter(candidates)
    while not any(each.safety >= SAFE for each in tried) and (some := list(islice(waiting, AT_ONCE))):
        measured = map_ahead(measure, some, workers=available_cores())
        tried += [fitness for _, fitness in measured]
    return Cast(choose_fittest(tried), tuple(tried))


def read_trials(source: MediaPath, moments: Sequence[tuple[int, Motion, Detections]]) -> Iterator[Trial]:
    """Yield the frames of some of the moments (time in microseconds, motion, face), spread evenly."""
    chosen = {moments[at][0]: moments[at][1:] for at in spread(len(moments), TRIAL_FRAMES)}
    for frame in frames_at(source, list(chosen)):
        yield Trial(frame.image_bgr, *chosen[frame.time_us])


@dataclass(frozen=True)
class Candidate:
    """A donor who may be tried. others (O, D): by recogniser, whom a result could be mistaken for.

    crowd: as in hidden_share. most_alike: mean cosine by JUDGED from which on they are not drawn, whatever
    else.
    """

    name: str
    make: Callable[[], Face]
    others: Mapping[str, Float]
    crowd: int = 1
    most_alike: float = 1.01


def rendered_candidates(
    person: Looks, key: str, taken: Collection[str], anchors: Anchors
) -> Iterator[Candidate]:
    """Yield synthetic donors for a person. key, taken: as in list_candidates."""
    for donor in list_candidates(person, key, taken):
        yield Candidate(
            donor.name,
            partial(rendered_face, donor.name, person, anchors),
            {name: np.delete(rows, donor.seed, axis=0) for name, rows in load_likeness().items()},
        )


def rendered_face(donor: str, person: Looks, anchors: Anchors) -> RenderedFace:
    """Return the face of a synthetic donor in a person's colours."""
    return RenderedFace(dress(donor, person), anchors)


class Casting:
    """Tries donors on frames of a person."""

    def __init__(self, weights_dir: Path | None = None, *, device: str = "cpu") -> None:
        """Raises WeightsMissing, WeightsMismatch or DeviceUnavailable."""
        self._identifiers = load_identifiers(weights_dir, device=device)
        self._networks = tuple(
            load_recogniser(name, weights_dir, device=device, threads=1) for name in NETWORKS
        )

    def cast(self, trials: Sequence[Trial], person: Looks, candidates: Iterable[Candidate]) -> Cast:
        """Return whom to draw over a person seen in at least one trial."""
        before = np.stack([self._express(trial.image_bgr, trial.face) for trial in trials])
        return try_until_safe(candidates, lambda one: self._measure(one, trials, person, before))

    def _measure(
        self, candidate: Candidate, trials: Sequence[Trial], person: Looks, before: Float
    ) -> Fitness:
        donor = candidate.make()
        if isinstance(donor, RenderedFace):
            donor = match_contrast(donor, [(trial.image_bgr, trial.motion) for trial in trials])
        drawn = [draw_donor(trial.image_bgr, donor, trial.motion) for trial in trials]
        pairs = list(zip(drawn, (trial.face for trial in trials), strict=True))
        after = np.stack([self._express(*pair) for pair in pairs])
        hidden, likeness = [1.0], 0.0
        for one in self._identifiers:
            if one.name not in person.embeddings:
                continue
            results = np.stack([one.embedder.embed(*pair)[0] for pair in pairs])
            own, others = person.embeddings[one.name], candidate.others.get(one.name)
            if others is not None:
                hidden.append(hidden_share(results, own, others, candidate.crowd))
            if one.name == JUDGED:
                likeness = float((results @ own).mean())
        kept = float(np.minimum(before, after).sum(axis=-1).mean())
        worst = 0.0 if likeness >= candidate.most_alike else min(hidden)
        return Fitness(candidate.name, worst, likeness, kept, is_compared=len(hidden) > 1)

    def _express(self, image_bgr: Image, face: Detections) -> Float:
        """Return (3, 7) what each of NETWORKS reads."""
        return np.stack([one.classify([one.crop(image_bgr, face, 0)])[0] for one in self._networks])


def hidden_share(results: Float, person: Float, others: Float, crowd: int = 1) -> float:
    """Return 0..1: how often, of a crowd of others, somebody is liker to a person's results than the person.

    results (N, D), person (D,), others (O, D) from whom the crowd is drawn: unit vectors. With a crowd of
    one, it is the share of the others who are.
    """
    own = results @ person
    liker = (results @ others.T > own[:, None]).mean(axis=1)
    return float((1 - (1 - liker) ** crowd).mean())
