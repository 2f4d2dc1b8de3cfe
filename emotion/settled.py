"""What is kept of a camera's faces once it is settled who is who: enough to settle it anew by hand, no more.

Identity embeddings are gone, and so is what everybody else's face expresses. A correction that makes somebody
else the camera's own person therefore needs the recording again; any other one does not.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, replace

import numpy as np

from emotion.people import Correction, People, correct_people
from emotion.roles import RoleAssignment, expected_role
from emotion.samples import COLUMNS, FaceSamples, Flags, without_embeddings
from emotion.track import Track
from emotion.types import MediaPath


def write_settled(found: People, settled: People, destination: MediaPath, *, camera: str) -> None:
    """Write people as the machine found them, complete or not at all.

    settled: the same faces after corrections; expressions are kept of those who count on this camera.
    """
    kept = _own_faces(settled, camera)
    samples = without_embeddings(found.samples)
    samples = replace(samples, probs=np.where(kept[:, None], samples.probs, 0).astype(np.float32))
    numbers = np.zeros(len(samples), np.int64)
    for track in found.tracks:
        numbers[track.faces] = track.number
    about = {"basis": found.basis, "roles": [asdict(role) for role in found.roles]}
    temporary = destination.with_name(f".{destination.name}.part")
    with temporary.open("wb") as sink:
        np.savez_compressed(
            sink,
            **{name: getattr(samples, name) for name in COLUMNS},
            track_of_face=numbers,
            is_expression_kept=kept,
            about=np.array(json.dumps(about)),
        )
    temporary.replace(destination)


def read_settled(path: MediaPath, corrections: Sequence[Correction] = (), *, camera: str) -> People | None:
    """Return the people as the machine found them, None when the recording is needed again.

    That is so when nothing whole was kept, or when the corrections make a person count whose expressions were
    not kept.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            found = _people(
                FaceSamples(*(stored[name] for name in COLUMNS)),
                stored["track_of_face"],
                str(stored["about"]),
            )
            kept: Flags = stored["is_expression_kept"]
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile):
        return None
    needed = _own_faces(correct_people(found, corrections), camera)
    return None if np.any(needed & ~kept) else found


def _own_faces(people: People, camera: str) -> Flags:
    """Return (N,) which faces belong to the camera's own person."""
    own = np.zeros(len(people.samples), np.bool_)
    for track, role in zip(people.tracks, people.roles, strict=True):
        own[track.faces] = role.role == expected_role(camera)
    return own


def _people(samples: FaceSamples, numbers: np.ndarray, about_text: str) -> People:
    about = json.loads(about_text)
    roles = tuple(
        RoleAssignment(one["track"], one["role"], one["confidence"], tuple(one["reasons"]))
        for one in about["roles"]
    )
    tracks = tuple(Track(role.track, np.flatnonzero(numbers == role.track), None) for role in roles)
    return People(samples, tracks, roles, about["basis"])
