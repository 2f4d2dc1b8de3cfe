"""What other systems said of a recording -> the same rows and labels as of our own models.

Faces of py-feat, or of an OpenFace table with emotion columns, go through the same tracking, roles and
seconds as detected ones, so that two systems differ in what they see and not in how it is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np

from emotion.conclude import CameraAnalysis, conclude_camera
from emotion.errors import UnreadableTable
from emotion.formats.csv_table import CsvTable, read_table
from emotion.formats.elan import Tier
from emotion.formats.elan_read import read_eaf
from emotion.formats.elan_tiers import labels_by_second
from emotion.formats.openface import faces_from_openface, read_openface
from emotion.formats.openface import times_us as openface_times_us
from emotion.formats.pyfeat import faces_from_pyfeat, read_pyfeat
from emotion.formats.pyfeat import times_us as pyfeat_times_us
from emotion.labels import EMOTIONS
from emotion.samples import FaceSamples
from emotion.timeline import EncounterClock
from emotion.types import FaceObservation, VideoInfo

OPENFACE: Final = "openface"
PYFEAT: Final = "py-feat"
ELAN: Final = "elan"
PARQUET: Final = "parquet"
TIMELINE: Final = "timeline"
FORMATS: Final = (ELAN, OPENFACE, PARQUET, PYFEAT, TIMELINE)
SUFFIXES: Final = {".eaf": ELAN, ".parquet": PARQUET}
DEFAULT_FRAME_RATE: Final = Fraction(25)


def guess_format(path: Path) -> str:
    """Return which of FORMATS a file is, by its ending or its columns. Raises UnreadableTable."""
    if path.is_dir():
        return TIMELINE
    if path.suffix.lower() in SUFFIXES:
        return SUFFIXES[path.suffix.lower()]
    columns = set(read_table(path).columns)
    for name, needed in ((TIMELINE, "frames_sampled"), (PYFEAT, "FaceRectX"), (OPENFACE, "success")):
        if needed in columns:
            return name
    raise UnreadableTable(f"{path.name}: expected one of {', '.join(FORMATS)}, got other columns.")


def read_camera(
    path: Path, kind: str, *, camera: str, video: VideoInfo, clock: EncounterClock | None = None
) -> CameraAnalysis:
    """Return a py-feat or OpenFace table of one recording, counted in seconds as our own samples are.

    Raises UnreadableTable, also for an OpenFace table without emotions.
    """
    rate = video.frame_rate or DEFAULT_FRAME_RATE
    if kind == PYFEAT:
        table = read_pyfeat(path)
        faces, times_us = (
            faces_from_pyfeat(table, camera=camera, frame_rate=rate),
            pyfeat_times_us(table, rate),
        )
    else:
        table = read_openface(path)
        faces = faces_from_openface(table, camera=camera)
        times_us = openface_times_us(table).tolist()
    samples = samples_from_faces(faces, times_us)
    return conclude_camera(samples, camera=camera, video=video, clock=clock)


def has_emotions(table: CsvTable) -> bool:
    """Return whether an OpenFace table carries the emotion columns that OpenFace itself does not write."""
    return f"emotion_{EMOTIONS[0]}" in table.columns


def samples_from_faces(faces: Sequence[FaceObservation], frame_times_us: Sequence[int]) -> FaceSamples:
    """Return faces, in the order of time, as samples without embeddings and landmarks.

    frame_times_us: every frame that was looked at, with or without a face, in any order and repeated or not.
    """
    count = len(faces)
    return FaceSamples(
        frame_times_us=np.unique(np.array([*frame_times_us, *(face.time_us for face in faces)], np.int64)),
        face_times_us=np.array([face.time_us for face in faces], np.int64),
        boxes_px=np.array([face.box_px for face in faces], np.float32).reshape(count, 4),
        scores=np.array([face.score for face in faces], np.float32),
        points_px=np.zeros((count, 5, 2), np.float32),
        qualities=np.array([face.quality for face in faces], np.float32),
        probs=np.array([face.probs for face in faces], np.float32).reshape(count, len(EMOTIONS)),
        is_embedded=np.zeros(count, np.bool_),
        embeddings=np.zeros((0, 0), np.float32),
    )


def read_tier_labels(
    path: Path, tier: str | None, *, video: VideoInfo, clock: EncounterClock | None = None
) -> dict[int, str]:
    """Return the emotion of every second that a tier of an .eaf file labels; other words are left out.

    tier: its name; None takes the only one with emotions in it. video: the recording whose time the seconds
    are, moved by clock; where the file cuts its start off, that is made good. Raises UnreadableTable when no
    tier or several fit.
    """
    document, clock = read_eaf(path), clock or EncounterClock()
    tiers = [one for one in document.tiers if tier in (None, one.name) and _names_emotions(one)]
    if len(tiers) != 1:
        names = ", ".join(one.name for one in tiers) or "none"
        raise UnreadableTable(f"{path.name}: expected one tier of emotions, got {names}; say FILE#TIER.")
    origin_ms = next((one.origin_ms for one in document.media if one.file_name == video.path.name), 0)
    labels = labels_by_second(tiers[0], zero_ms=round(clock.encounter_us(1000 * origin_ms) / 1000))
    return {second: label for second, label in labels.items() if label in EMOTIONS}


def _names_emotions(tier: Tier) -> bool:
    return any(one.value in EMOTIONS for one in tier.annotations)
