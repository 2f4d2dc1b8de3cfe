"""Teach held.onnx anew; needed when the layout, the landmark network or the things that are drawn change.

    python -m deid.build_held FOLDER    # videos of one face each, PERSON__NUMBER.mp4; half an hour

Draws things (deid.occluders) before faces and lets the landmark network find these faces again, so that what
it gets wrong is learnt as well. Those of LEFT_OUT are not learnt from: benchmarks.held measures on them.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from deid.held import NETWORK_PATH, TEXTURE, Glimpse, glimpse
from deid.held_fit import Samples, fit
from deid.held_net import export_onnx
from deid.landmarks import FaceMesh
from deid.observe import DETECTOR_SIDE
from deid.occluders import hold
from emotion.detect import CenterFace
from emotion.media import read_frames
from emotion.types import Float, Image

PEOPLE_LEFT_OUT: Final = (
    *("id041", "id042", "id050", "id051", "id053", "id059", "id061"),
    *("id065", "id074", "id101", "id103", "id119"),
)
BARE, HIDDEN = 25, 130  # pictures of a video, of a person
FURTHEST: Final = 0.25  # of a face's width that landmarks may be misled by what hides it


@dataclass(frozen=True)
class Sighting:
    """One face as it was filmed: the picture (H, W, 3) and its landmarks (468, 3)."""

    image_bgr: Image
    points_px: Float


def main(arguments: list[str] | None = None) -> int:
    """Write held.onnx."""
    parser = argparse.ArgumentParser(prog="deid.build_held")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(arguments).folder
    people: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.glob("*__*.mp4")):
        people[path.stem.split("__")[0]].append(path)
    for person in PEOPLE_LEFT_OUT:
        people.pop(person, None)
    torch.manual_seed(0)
    torch.set_num_threads(1)  # so that every machine adds up in one order
    net = fit(gather(people), _say)
    NETWORK_PATH.write_bytes(export_onnx(net))
    return 0


def gather(people: dict[str, list[Path]]) -> Samples:
    """Return faces with and without things before them. people: the videos of each."""
    detector, mesh = CenterFace(max_side=DETECTOR_SIDE), FaceMesh()
    textures = [next(read_frames(path)).image_bgr for paths in people.values() for path in paths[:2]]
    faces: list[Glimpse] = []
    hidden: list[Image] = []
    videos: list[int] = []
    owners: list[int] = []
    looks: list[Image] = []
    for person, paths in enumerate(people.values()):
        rng = np.random.default_rng(person)
        seen: list[tuple[int, Sighting]] = []
        for path in paths:
            here = [(len(looks), one) for one in watch(path, detector, mesh)]
            if not here:
                continue
            bare = [glimpse(one.image_bgr, one.points_px) for _, one in here]
            looks.append(np.median(np.stack([one.texture for one in bare]), axis=0).astype(np.uint8))
            faces += bare
            hidden += [np.zeros((TEXTURE, TEXTURE), np.uint8)] * len(bare)
            videos += [len(looks) - 1] * len(bare)
            seen += here
        for video, pair in draw_before(seen, mesh, textures, rng):
            faces.append(pair[0])
            hidden.append(pair[1])
            videos.append(video)
        owners += [person] * (len(faces) - len(owners))
    return Samples(
        np.stack([one.texture for one in faces]), np.stack([one.seen for one in faces]), np.stack(hidden),
        np.array(videos), np.array(owners), np.stack(looks),
    )  # fmt: skip


def watch(path: Path, detector: CenterFace, mesh: FaceMesh) -> list[Sighting]:
    """Return some faces of a video, evenly over its time."""
    frames = [frame.image_bgr for frame in read_frames(path)]
    step = max(1, len(frames) // BARE)
    found: list[Sighting] = []
    for image_bgr in frames[::step]:
        faces = detector.detect(image_bgr)
        if len(faces.boxes_px):
            seen = mesh.find(image_bgr, faces.points_px[0], faces.boxes_px[0])
            if seen is not None:
                found.append(Sighting(image_bgr, seen.points_px))
    return found


def draw_before(
    seen: list[tuple[int, Sighting]], mesh: FaceMesh, textures: list[Image], rng: np.random.Generator
) -> Iterator[tuple[int, tuple[Glimpse, NDArray[np.uint8]]]]:
    """Yield the number of a video, one of its faces with something before it, and what that hides."""
    for _ in range(HIDDEN if seen else 0):
        video, one = seen[int(rng.integers(len(seen)))]
        thing = hold(one.image_bgr, one.points_px, rng, textures=textures)
        image_bgr = thing.over(one.image_bgr)
        found = mesh.follow(image_bgr, one.points_px)
        if found is None:
            continue
        misled = np.abs(found.points_px[:, :2] - one.points_px[:, :2]).mean()
        if misled <= FURTHEST * float(np.ptp(one.points_px[:, 0])):
            mask = (thing.mask * 255).astype(np.uint8)
            yield video, (glimpse(image_bgr, found.points_px), glimpse(mask, found.points_px).texture)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
