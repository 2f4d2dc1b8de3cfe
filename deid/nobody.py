"""The k-same donors of one recording: which groups can be tried on a person, and which was taken."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from threading import Lock
from typing import Any, Final

import numpy as np

from deid.average import Expressions, MeanFace, average, average_expressions, name_of
from deid.casting import Candidate
from deid.contribution import Contribution
from deid.donors import Looks
from deid.draw import Motion
from deid.errors import ResultLost, TooFewContributors
from deid.groups import KSame, leave_out, list_groups, outside, worn_group
from deid.moments import frames_at, spread
from deid.photo import PhotoFace, rest_of
from emotion.types import Float, MediaPath

KIND: Final = "k-same"
MOST_ALIKE: Final = 0.3  # mean cosine to the person from which on a mean is not drawn
# Of casting.hidden_share. With six, who is safe (casting.SAFE) is found among 16 others 4 % of the time, and
# who is drawn at all (casting.LEAST) 38 %. With 16, a patient and a doctor (shared/data) were: 25 and 17 %.
CROWD: Final = 6
REST_FRAMES: Final = 24
REST_SHARE: Final = 0.25  # of the moments, those in which the face moves least
TURN_COUNTS: Final = 8e-4  # eye distances that a degree of turning counts as


class Nobody:
    """Makes the means of a look, each once."""

    def __init__(self, look: KSame) -> None:
        self.look = look
        self._means: dict[str, MeanFace] = {}
        self._expressions: dict[tuple[Contribution, ...], Expressions] = {}
        self._members: dict[str, tuple[str, ...]] = {}
        self._lent: dict[str, tuple[str, ...]] = {}
        self._making = Lock()  # candidates are tried side by side

    def remember(self, record: Mapping[str, Any]) -> None:
        """Take over whose means were chosen before. record: what record returned then, or nothing."""
        self._members |= {name: tuple(digests) for name, digests in record.get("members", {}).items()}
        self._lent |= {name: tuple(digests) for name, digests in record.get("lent", {}).items()}

    def candidates(
        self, person: Looks, key: str, rest: Float | None, taken: Collection[str] = ()
    ) -> Iterator[Candidate]:
        """Yield groups to try on a person; none when it cannot be told whether they contributed.

        rest: as in PhotoFace. taken: means that others have. Raises TooFewContributors, also when others
        have every mean that can be made.
        """
        others = leave_out(person, self.look)
        groups = {name_of(group, self.look.k): group for group in self._groups(person, others, key)}
        left = {name: group for name, group in groups.items() if name not in taken}
        if groups and not left:
            raise TooFewContributors(
                f"expected a mean of {self.look.k} people that nobody else has been given; "
                "add recordings of more people"
            )
        for name, group in left.items():
            yield Candidate(
                name,
                partial(self._make, group, others, rest),
                outside(group, others, self.look.k),
                CROWD,
                MOST_ALIKE,
            )

    def _groups(
        self, person: Looks, others: Sequence[Contribution], key: str
    ) -> Sequence[tuple[Contribution, ...]]:
        if not others:
            return ()
        worn = worn_group(others, self.look)
        return [worn] if worn else list_groups(person, others, self.look.k, key)

    def face(self, name: str, person: Looks, rest: Float | None) -> PhotoFace | None:
        """Return a face that was chosen, now or before; None over a piece of a person who is like one of
        whom it is made, or of whom that cannot be told.

        Raises ResultLost when those of whom it was made are not in the look, TooFewContributors.
        """
        members = set(self._members.get(name, ()))
        if not members or not members <= {one.digest for one in self.look.contributions}:
            raise ResultLost(
                "expected the people of whom the face was made among the contributors; begin anew"
            )
        others = leave_out(person, self.look)
        group = [one for one in others if one.digest in members]
        return self._make(group, others, rest) if len(group) == len(members) else None

    def record(self, donors: Mapping[str, str | None]) -> dict[str, Any]:
        """Return what the record says of the look. donors: by track, whose means were made here."""
        chosen = sorted({name for name in donors.values() if name is not None and name in self._members})
        return {
            "kind": KIND,
            "k": self.look.k,
            "contributors": len(self.look.contributions),
            "bound": round(1 / self.look.k, 4),
            "members": {name: list(self._members[name]) for name in chosen},
            "lent": {name: list(self._lent.get(name, ())) for name in chosen},
        }

    def _make(
        self, group: Sequence[Contribution], others: tuple[Contribution, ...], rest: Float | None
    ) -> PhotoFace:
        name = name_of(group, self.look.k)
        with self._making:
            if name not in self._means:
                if others not in self._expressions:
                    self._expressions[others] = average_expressions(others, self.look.k)
                self._means[name] = average(group, self.look.k, others, self._expressions[others])
                self._members[name], self._lent[name] = self._means[name].members, self._means[name].lent
        return PhotoFace(self._means[name], rest)


def is_mean(donor: str) -> bool:
    """Return whether a donor's name is that of a mean."""
    return donor.startswith(f"{KIND}-")


def see_at_rest(source: MediaPath, moments: Sequence[tuple[int, Motion]]) -> Float | None:
    """Return a person's face at rest as rest_of does. moments: time in microseconds, and what the face does;
    those with something before the face say nothing about it.

    Raises UnreadableVideo.
    """
    moments = [one for one in moments if one[1].held is None]
    order = np.argsort([_unrest(motion) for _, motion in moments], kind="stable")
    calm = np.sort(order[: max(REST_FRAMES, round(REST_SHARE * len(moments)))])
    chosen = dict(moments[calm[at]] for at in spread(len(calm), REST_FRAMES))
    frames = frames_at(source, list(chosen))
    return rest_of((frame.image_bgr, chosen[frame.time_us].points_px) for frame in frames)


def _unrest(motion: Motion) -> float:
    moved = 0.0 if motion.shape is None else float(np.abs(motion.shape.moved).mean())
    return moved + TURN_COUNTS * abs(motion.turn[0])
