"""Make somebody's contribution from a recording of them: their sharpest frontal frames, unrolled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import cv2
import numpy as np

from deid.anchors import load_anchors
from deid.blend import to_linear_light
from deid.canonical import load_layout, unwrap
from deid.contribution import CALM, OPEN, Contribution
from deid.cover import CoverPlan, plan_cover
from deid.donor_rules import main_tracks
from deid.errors import NobodySeen
from deid.fit import make_model
from deid.landmarks import CHANNELS, read_channels
from deid.movement import Movement, follow
from deid.observe import Faces, know_faces, known_times, look_at
from deid.response import Doubles, load_response
from deid.stretches import cut
from deid.task import Hiding
from deid.watch import Watcher
from deid.watched import Watched
from deid.whose import Place, rows_at
from emotion.labels import EMOTIONS
from emotion.media import probe_video, read_frames
from emotion.samples import Flags, Segment
from emotion.track import Indices
from emotion.types import Float, Image, MediaPath

LONGEST_US: Final = 60_000_000  # of a recording that is looked at
FRONTAL_DEG: Final = (18.0, 20.0)  # yaw and pitch
OPEN_EYES: Final = 0.35  # quantile of eye_open: below it, blinks and downcast eyes are left out
OPEN_MOUTH: Final = (0.08, 0.8)  # eye distances, and quantile of mouth_open
CERTAIN: Final = 0.4  # probability of an expression; the network is soft
CALM_SHARE: Final = 0.5  # of the frames, those that look most neutral
TRIED, KEPT, LEAST = 24, 12, 4  # frames that are unrolled, the sharpest of them, and too few


def contribute(
    source: MediaPath,
    *,
    hiding: Hiding,
    places: Sequence[Place] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Contribution:
    """Return the contribution of the person at whom the camera of a recording is pointed.

    places: where that person is, when it was settled elsewhere who it is; then nothing is taken of any other
    face, nor of this one where nobody has said that it is theirs. Raises NobodySeen when nobody is seen from
    the front in LEAST frames of the first LONGEST_US, or when it is not certain whose face it is,
    UnreadableVideo, WeightsMissing, WeightsMismatch, Cancelled.
    """
    found, plan, watched = _watch(source, hiding, cancelled)
    seen = sorted(set(plan.tracks[~np.isnan(watched.meshes[:, 0, 0])].tolist()))
    embeddings = {track.number: track.embedding for track in found.tracks}
    if places is None:
        track = next(iter(main_tracks(found, seen)), None)
        rows = np.flatnonzero(plan.tracks == track)
    else:
        track, rows = rows_at(places, plan, seen)
    embedding = None if track is None else embeddings[track]
    if embedding is None or np.isnan(watched.meshes[rows, 0, 0]).all():
        raise NobodySeen(f"expected somebody who is seen well in {source.name}")
    looks = watched.looks_of(rows, embedding)
    model = make_model(load_anchors(), load_response())
    movement = follow(watched.meshes[rows], watched.probs[rows], model)
    meshes, gazes = watched.meshes[rows], watched.gazes[rows]
    chosen = {kind: _thin(of) for kind, of in _choose(meshes[movement.known], movement).items()}
    if len(chosen[CALM]) < LEAST:
        raise NobodySeen(f"expected a face that is seen from the front for longer in {source.name}")
    wanted = {int(plan.frames[rows[at]]): at for kind in chosen.values() for at in movement.known[kind]}
    unrolled = _unroll(source, wanted, meshes, gazes)
    means = {kind: _mean([unrolled[int(at)] for at in movement.known[of]]) for kind, of in chosen.items()}
    return Contribution(
        movement.calm.astype(np.float32),
        np.array([*looks.tone_bgr, looks.age_years, looks.female], np.float32),
        {kind: picture for kind, (picture, _) in means.items()},
        {kind: seen for kind, (_, seen) in means.items()},
        {name: one.astype(np.float32) for name, one in looks.embeddings.items()},
    )


def _watch(
    source: MediaPath, hiding: Hiding, cancelled: Callable[[], bool] | None
) -> tuple[Faces, CoverPlan, Watched]:
    video = probe_video(source)
    times_us = known_times(source, video)
    samples = look_at(
        source,
        Segment(0, LONGEST_US),
        engine=hiding.finder,
        counted=times_us is not None,
        cancelled=cancelled,
    )
    if times_us is not None:
        times_us = [one for one in times_us if one - times_us[0] < LONGEST_US]
    found = know_faces(video, samples, times_us)
    plan = plan_cover(samples, found.tracks, times_us=found.times_us, size_hw=(video.height, video.width))
    watcher = Watcher(hiding.weights_dir, device=hiding.device)
    parts = [watcher.watch(source, found, plan, one, cancelled) for one in cut(video, found.times_us)]
    return found, plan, Watched.join(parts)


def _choose(meshes: Float, movement: Movement) -> dict[str, Indices]:
    """Return by name of a picture which of the K seen frames it is made of; CALM may be empty."""
    channels = np.stack([read_channels(mesh) for mesh in meshes])
    mouth, eyes = (channels[:, CHANNELS.index(name)] for name in ("mouth_open", "eye_open"))
    frontal = (np.abs(movement.turns[:, :2]) < FRONTAL_DEG).all(axis=1)
    good = frontal & (eyes > np.quantile(eyes, OPEN_EYES))
    if movement.likely is None:
        return {CALM: np.flatnonzero(good)}
    probs = movement.likely[movement.known]
    neutral = probs[:, EMOTIONS.index("neutral")]
    chosen = {CALM: _most(good, neutral)}
    wide = frontal & (mouth > max(OPEN_MOUTH[0], float(np.quantile(mouth, OPEN_MOUTH[1]))))
    kinds = {OPEN: wide}
    for at, emotion in enumerate(EMOTIONS):
        if emotion != "neutral":
            kinds[emotion] = good & (probs[:, at] > CERTAIN) & (probs.argmax(axis=1) == at)
    return chosen | {kind: np.flatnonzero(of) for kind, of in kinds.items() if of.sum() >= LEAST}


def _most(among: Flags, values: Doubles) -> Indices:
    """Return the CALM_SHARE of the chosen frames in which the values are largest, KEPT at least."""
    rows = np.flatnonzero(among)
    count = max(KEPT, round(CALM_SHARE * len(rows)))
    return np.sort(rows[np.argsort(-values[rows], kind="stable")[:count]])


def _thin(rows: Indices) -> Indices:
    spread = np.linspace(0, len(rows) - 1, min(TRIED, len(rows)))
    return np.asarray(rows[np.unique(spread.round().astype(int))], np.int64)


def _unroll(
    source: MediaPath, wanted: Mapping[int, int], meshes: Float, gazes: Float
) -> dict[int, tuple[Image, Image]]:
    """Return by row the unrolled face and how well it was seen. wanted: rows by frame number."""
    found = {}
    last = max(wanted)
    for number, frame in enumerate(read_frames(source)):
        if number in wanted:
            at = wanted[number]
            face, seen = unwrap(to_linear_light(frame.image_bgr), meshes[at], float(gazes[at, 0]))
            found[at] = (_pack(face), np.asarray(np.clip(seen, 0, 1) * 255, np.uint8))
        if number >= last:
            break
    return found


def _pack(linear: Float) -> Image:
    return np.asarray(np.sqrt(np.clip(linear, 0, 1)) * 255 + 0.5, np.uint8)


def _mean(faces: list[tuple[Image, Image]]) -> tuple[Image, Image]:
    """Return the mean of the sharpest faces, weighted by how well each pixel was seen."""
    sharpness = np.array([_sharpness(face) for face, _ in faces])
    kept = [faces[at] for at in np.sort(np.argsort(-sharpness, kind="stable")[:KEPT])]
    weights = np.stack([seen for _, seen in kept]).astype(np.float32) + 1
    light = np.stack([to_linear_light(face) for face, _ in kept])
    mean = (light * weights[..., None]).sum(axis=0) / weights.sum(axis=0)[..., None]
    return _pack(mean), np.asarray(weights.mean(axis=0) - 1, np.uint8)


def _sharpness(face: Image) -> float:
    inside = load_layout().skin > 0
    edges = cv2.Laplacian(cv2.cvtColor(face, cv2.COLOR_BGR2GRAY), cv2.CV_32F)
    return float(np.asarray(edges)[inside].var())
