"""The informed attacker: hides the gallery and other frames of the person, learns from it, looks again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any, Final

import numpy as np

from deid.gallery import unit
from deid.informed import LEAST_PEOPLE, InformedAttack, hide_alike, lead_back
from deid.observe import LOOK_FPS, Faces
from deid.readings import Readings, detections_of
from deid.rehearsal import SHOWN, Rehearsal, Shown, Stage, reduce_sighting
from emotion.media import read_frames
from emotion.types import Float, MediaPath

MOST_PEOPLE: Final = 24  # of a gallery that are hidden again, so that a long gallery costs no more
OWN_DONORS: Final = 3  # that the person is shown with
APART_US: Final = 1_000_000  # between the frames that the attacker has and those that are attacked
TOO_FEW: Final = "it takes four other people who can be seen and hidden"
WHAT: Final = (
    "hid a second of everybody in the gallery and of the person in the same way, with secrets of their "
    "own; compared the results; and learned from the others how to lead a hidden face back"
)


@dataclass(frozen=True)
class Known:
    """What the attacker has of the person: frames until a time in microseconds."""

    track: int
    until_us: int
    shown: list[Shown]


def show_person(original: MediaPath, found: Faces, track: int) -> Known:
    """Return the first frames of the recording in which a person is seen."""
    places = detections_of(found, track)
    begins_us = min(places)
    frames = read_frames(original, sample_fps=LOOK_FPS, start_us=begins_us)
    seen = ((frame, places[frame.time_us]) for frame in frames if frame.time_us in places)
    shown = list(islice(seen, SHOWN))
    until_us = shown[-1][0].time_us if shown else begins_us
    return Known(track, until_us, [reduce_sighting(frame.image_bgr, face) for frame, face in shown])


def play_attacker(
    stage: Stage,
    gallery: Sequence[MediaPath],
    person: Known,
    whole: Readings,
    progress: Callable[[float], None],
) -> dict[str, Any] | str:
    """Return the `informed` part of a privacy card, or in words why there is none.

    Its numbers are those of the attack that lies highest above its own chance and above what the same
    recogniser finds under a box. progress is told the share that is done. Raises UnreadableVideo,
    OutputUnwritable, Cancelled.
    """
    chosen = gallery[:: -(-len(gallery) // MOST_PEOPLE)]
    others = []
    for number, path in enumerate(chosen):
        progress(number / (len(chosen) + 1))
        others.append(stage.rehearse_file(path, number))
    known = [one for one in others if one is not None]
    own = stage.rehearse(person.shown, len(chosen), donors=OWN_DONORS)
    progress(1.0)
    if own is None:
        return "the first frames of the person could not be hidden again"
    if len(known) < LEAST_PEOPLE:
        return TOO_FEW
    attacks = _attack(whole, person, own, known)
    if not attacks:
        return "the person is not seen for long enough"
    covered = {
        name: hide_alike(name, probes, own, known, covered=True)
        for name in own.covered
        if len(probes := _probes(whole, whole.versions[0].covered.get(name, []), person))
    }
    return {**summarise(attacks, covered), "attacker": WHAT}


def summarise(attacks: Sequence[InformedAttack], covered: Mapping[str, InformedAttack]) -> dict[str, Any]:
    """Return the numbers of the worst of at least one attack, and of all. covered: those under a box, by
    recogniser. beside: what an attack has to exceed, its chance and what its recogniser finds under a box.
    """

    def beside(one: InformedAttack) -> float:
        return max(1 / one.gallery_size, covered[one.recogniser].rank1 if one.recogniser in covered else 0.0)

    worst = max(attacks, key=lambda one: one.rank1 - beside(one))
    reached = [one.tar_at_far_1e2 for one in attacks if one.tar_at_far_1e2 is not None]
    return {
        "rank1": worst.rank1,
        "rank1_lower95": worst.rank1_lower95,
        "tar_at_far_1e2": max(reached, default=None),
        "rank1_chance": 1 / worst.gallery_size,
        "gallery_size": worst.gallery_size,
        "recognisers": [asdict(one) | {"beside": beside(one)} for one in attacks],
        "control": _numbers(covered.get(worst.recogniser)),
    }


def _numbers(found: InformedAttack | None) -> dict[str, float | None]:
    names = ("rank1", "rank1_lower95", "tar_at_far_1e2")
    return {name: None if found is None else getattr(found, name) for name in names}


def _attack(
    whole: Readings, person: Known, own: Rehearsal, others: Sequence[Rehearsal]
) -> list[InformedAttack]:
    attacks = []
    for name in own.after:
        probes = _probes(whole, whole.versions[1].placed.get(name, []), person)
        if len(probes):
            enrolled = unit(own.before[name].mean(axis=0))
            found = hide_alike(name, probes, own, others), lead_back(name, probes, enrolled, others)
            attacks += [one for one in found if one is not None]
    return attacks


def _probes(whole: Readings, readings: Sequence[tuple[int, Float]], person: Known) -> Float:
    """Return the embeddings (N, D) of the person in frames that the attacker has not; empty without any.

    readings: one for each of the person's moments, among others.
    """
    times_us = [at for track, at in whole.moments if track == person.track]
    vectors = [vector for track, vector in readings if track == person.track]
    from_us = person.until_us + APART_US
    chosen = [vector for at, vector in zip(times_us, vectors, strict=True) if at >= from_us]
    return np.array(chosen, np.float32)
