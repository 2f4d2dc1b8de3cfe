"""Who is who in one camera's picture, and how a person puts it right by hand.

A correction is a value: the machine's tracks and a list of corrections give the corrected tracks, so undoing
one is leaving it out. Corrections are applied in their order; each speaks of track numbers as it finds them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NoReturn

import numpy as np

from emotion.labels import ROLES
from emotion.roles import IRRELEVANT, SAME_PERSON, RoleAssignment
from emotion.samples import FaceSamples
from emotion.track import Track, mean_embedding

REASSIGN: Final = "reassign"
MERGE: Final = "merge"
SPLIT: Final = "split"
BY_HAND: Final = "by hand"


@dataclass(frozen=True)
class Correction:
    """What somebody says about a track.

    reassign: it has this role. merge: it is the same person as `into` and becomes part of it. split: its
    faces from at_us on (the camera's own time) are another person, who gets the next free number. basis: the
    tracks that the track's number is of, see People; None fits any.
    """

    kind: str
    track: int
    role: str | None = None
    into: int | None = None
    at_us: int | None = None
    basis: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of a correction. refusal: why it could not be applied, None when it was."""

    correction: Correction
    refusal: str | None


@dataclass(frozen=True)
class People:
    """The faces of one camera, and whose they are: one role per track, in the order of tracks.

    basis: names how the machine joined faces into tracks; corrections fit the tracks they were made for.
    outcomes: what became of the corrections by hand, in their order.
    """

    samples: FaceSamples
    tracks: tuple[Track, ...]
    roles: tuple[RoleAssignment, ...]
    basis: str = ""
    outcomes: tuple[Outcome, ...] = ()

    def role_of(self, track: int) -> str:
        """Return the role that a track was given."""
        return next((role.role for role in self.roles if role.track == track), IRRELEVANT)


class _UnfitError(Exception):
    """Why a correction cannot be applied."""


def basis_of(samples: FaceSamples, tracks: Sequence[Track]) -> str:
    """Return 16 characters that are the same only for the same faces in the same tracks."""
    joined = hashlib.sha256()
    for track in tracks:
        joined.update(f"{track.number}:".encode())
        joined.update(samples.face_times_us[track.faces].astype("<i8").tobytes())
    return joined.hexdigest()[:16]


def correct_people(people: People, corrections: Sequence[Correction]) -> People:
    """Return the people after the corrections, in their order; people is not modified.

    One that does not fit (its tracks are gone, or were found anew by another version) changes nothing, and
    its outcome says why.
    """
    outcomes = list(people.outcomes)
    for one in corrections:
        try:
            people = _apply(people, one)
            outcomes.append(Outcome(one, None))
        except _UnfitError as unfit:
            outcomes.append(Outcome(one, str(unfit)))
    return replace(people, outcomes=tuple(outcomes))


def identity_of(people: People, role: str) -> tuple[np.ndarray, int] | None:
    """Return the embedding (D,), a unit vector, of whoever has a role, and of how many faces it is the mean.

    None where nobody has it, without an embedded face, and where a correction could not be applied, for then
    it may be somebody else's; people is not modified.
    """
    if any(one.refusal is not None for one in people.outcomes):
        return None
    own = [track.faces for track in people.tracks if people.role_of(track.number) == role]
    faces = np.concatenate([np.zeros(0, np.int64), *own])
    mean = mean_embedding(people.samples, faces)
    return None if mean is None else (mean, int(people.samples.is_embedded[faces].sum()))


def recognise_across(ours: People, others: People, role: str) -> People:
    """Return our camera's people with whoever is the other camera's own person given that person's role.

    role: that of the other camera. Such a person counts on their own camera only. Tracks that are already
    taken for somebody, and tracks without an embedding, stay as they are.
    """
    own = (track for track in others.tracks if others.role_of(track.number) == role)
    theirs = [track.embedding for track in own if track.embedding is not None]
    pairs = zip(ours.tracks, ours.roles, strict=True)
    return replace(ours, roles=tuple(_known(track, given, theirs, role) for track, given in pairs))


def _known(track: Track, given: RoleAssignment, theirs: Sequence[np.ndarray], role: str) -> RoleAssignment:
    if given.role != IRRELEVANT or track.embedding is None:
        return given
    likeness = max((float(track.embedding @ one) for one in theirs), default=0.0)
    if likeness < SAME_PERSON:
        return given
    reason = f"the {role}, whose own camera shows the same face (likeness {likeness:.2f})"
    return RoleAssignment(track.number, role, round(min(1.0, likeness), 3), (reason,))


def _apply(people: People, one: Correction) -> People:
    if one.basis not in (None, people.basis):
        _refuse("the people of this recording were found anew since; correct them again")
    if one.kind not in _APPLY:
        _refuse(f"expected {', '.join(_APPLY)}, got {one.kind!r}")
    return _APPLY[one.kind](people, one)


def _reassign(people: People, one: Correction) -> People:
    _track(people, one.track)
    if one.role not in ROLES:
        _refuse(f"expected a role of {', '.join(ROLES)}, got {one.role!r}")
    said = RoleAssignment(one.track, one.role, 1.0, (BY_HAND,))
    return replace(people, roles=tuple(said if role.track == one.track else role for role in people.roles))


def _merge(people: People, one: Correction) -> People:
    part, whole = _track(people, one.track), _track(people, one.into)
    times = people.samples.face_times_us
    together = np.intersect1d(times[part.faces], times[whole.faces]).size
    if part is whole or together:
        _refuse(
            f"tracks {one.track} and {one.into} are in {together} pictures together, so they are two people"
        )
    faces = np.sort(np.concatenate([part.faces, whole.faces]))
    joined = Track(whole.number, faces, mean_embedding(people.samples, faces))
    return replace(
        people,
        tracks=tuple(joined if track is whole else track for track in people.tracks if track is not part),
        roles=tuple(role for role in people.roles if role.track != part.number),
    )


def _split(people: People, one: Correction) -> People:
    track, at_us = _track(people, one.track), one.at_us or 0
    later = people.samples.face_times_us[track.faces] >= at_us
    if later.all() or not later.any():
        _refuse(f"track {one.track} has no faces on both sides of {at_us / 1e6:g} s")
    number = max(other.number for other in people.tracks) + 1
    first, second = (
        Track(name, faces, mean_embedding(people.samples, faces))
        for name, faces in ((track.number, track.faces[~later]), (number, track.faces[later]))
    )
    reason = f"split from track {track.number} {BY_HAND}"
    role = RoleAssignment(number, people.role_of(track.number), 1.0, (reason,))
    return replace(
        people,
        tracks=(*(first if other is track else other for other in people.tracks), second),
        roles=(*people.roles, role),
    )


def _track(people: People, number: int | None) -> Track:
    found = next((track for track in people.tracks if track.number == number), None)
    return found if found is not None else _refuse(f"there is no track {number}")


def _refuse(reason: str) -> NoReturn:
    raise _UnfitError(reason)


_APPLY: Final = {REASSIGN: _reassign, MERGE: _merge, SPLIT: _split}
