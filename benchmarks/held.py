"""How well things before faces are found: `python -m benchmarks.held FOLDER [FOLDER ...] [--json]`.

Every video of one face is looked at five times a second. As filmed, what is found there is a false alarm,
except in the spans of HELD, labelled by eye. Then something is drawn before a third of the faces, and the
landmarks are looked for again. Faces that the network has learnt from are left out.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from deid.build_held import PEOPLE_LEFT_OUT
from deid.held import CELLS, LEAST_SHARE, TEXTURE, Glimpse, HeldFinder, face_cells, glimpse
from deid.landmarks import FaceMesh
from deid.observe import DETECTOR_SIDE
from deid.occluders import KINDS, hold
from emotion.detect import CenterFace
from emotion.media import read_frames
from emotion.types import Float, Image

EVERY_US: Final = 200_000
HELD: Final = {"consultation_a_camera_patient": ((2.35, 9.5), (22.1, 24.0))}  # seconds
HIDDEN_FROM: Final = 0.05  # of a face that a drawn thing must hide to count

Seen = tuple[float, Image, Float]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.held", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    figures = measure([path for folder in arguments.folders for path in sorted(folder.glob("*.mp4"))])
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:<44} {value}")


def measure(paths: list[Path]) -> dict[str, Any]:
    """Return every figure. paths: of videos; whom the network has learnt from is left out."""
    detector, mesh, finder = CenterFace(max_side=DETECTOR_SIDE), FaceMesh(), HeldFinder()
    alarms: list[bool] = []
    hands: list[bool] = []
    drawn: dict[str, list[tuple[bool, float]]] = defaultdict(list)
    spent_ms: list[float] = []
    loud: dict[str, str] = {}
    for number, path in enumerate(one for one in paths if is_new(one)):
        seen = list(watch(path, detector, mesh))
        if not seen:
            continue
        started = time.process_time()
        shares = shares_of(finder.find([glimpse(image_bgr, points) for _, image_bgr, points in seen]))
        spent_ms.append((time.process_time() - started) * 1000 / len(seen))
        there = np.array([is_held(path, time_s) for time_s, _, _ in seen])
        hands += (shares[there] >= LEAST_SHARE).tolist()
        false = (shares[~there] >= LEAST_SHARE).tolist()
        alarms += false
        if any(false):
            loud[path.stem] = f"{sum(false)} of {len(false)}"
        if not there.any():
            for kind, result in draw_before(seen, mesh, finder, np.random.default_rng(number)):
                drawn[kind].append(result)
    every = [one for results in drawn.values() for one in results]
    return {
        "faces": len(alarms) + len(hands),
        "false alarms, share of faces": share(alarms),
        "false alarms by video": loud,
        "real hands found, share of faces": share(hands),
        "real hands": len(hands),
        "drawn things found": share([found for found, _ in every]),
        "overlap with what they hide (mean IoU)": round(float(np.mean([iou for _, iou in every] or [0])), 3),
        **{f"  {kind} ({len(of)})": share([one[0] for one in of]) for kind, of in sorted(drawn.items())},
        "processor milliseconds per face": round(float(np.median(spent_ms or [0])), 2),
    }  # fmt: skip


def is_new(path: Path) -> bool:
    """Return whether the network has not learnt from a video: its name says whose it is, or is another's."""
    person = path.stem.split("__")[0]
    return path.parent.name != "train" or person in PEOPLE_LEFT_OUT


def is_held(path: Path, time_s: float) -> bool:
    return any(first <= time_s <= last for first, last in HELD.get(path.stem, ()))


def watch(path: Path, detector: CenterFace, mesh: FaceMesh) -> Iterator[Seen]:
    """Yield time in seconds, picture and landmarks of the largest face, five times a second."""
    due_us = 0
    for frame in read_frames(path):
        if frame.time_us < due_us:
            continue
        due_us = frame.time_us + EVERY_US
        faces = detector.detect(frame.image_bgr)
        if len(faces):
            sides = faces.boxes_px[:, 2:] - faces.boxes_px[:, :2]
            main = int(sides.prod(axis=1).argmax())
            found = mesh.find(frame.image_bgr, faces.points_px[main], faces.boxes_px[main])
            if found is not None:
                yield frame.time_us / 1e6, frame.image_bgr, found.points_px


def draw_before(
    seen: list[Seen], mesh: FaceMesh, finder: HeldFinder, rng: np.random.Generator
) -> Iterator[tuple[str, tuple[bool, float]]]:
    """Yield what was drawn before a face, whether it was found, and how far both areas agree."""
    shown: list[Glimpse] = []
    truth: dict[int, tuple[str, Any]] = {}
    for at, (_, image_bgr, points) in enumerate(seen):
        if at % 3 == 0:
            kind = str(rng.choice(KINDS))
            thing = hold(image_bgr, points, rng, kind=kind)
            found = mesh.follow(thing.over(image_bgr), points)
            if found is not None:
                mask = glimpse((thing.mask * 255).astype(np.uint8), found.points_px).texture
                side = TEXTURE // CELLS
                hidden = (mask.reshape(CELLS, side, CELLS, side).mean(axis=(1, 3)) > 127) & face_cells()
                truth[len(shown)] = (kind, hidden)
                shown.append(glimpse(thing.over(image_bgr), found.points_px))
                continue
        shown.append(glimpse(image_bgr, points))
    cells = finder.find(shown)
    for at, (kind, hidden) in truth.items():
        if hidden.sum() >= HIDDEN_FROM * face_cells().sum():
            overlap = (cells[at] & hidden).sum() / (cells[at] | hidden).sum()
            yield kind, (bool(shares_of(cells[at : at + 1])[0] >= LEAST_SHARE), float(overlap))


def shares_of(cells: Any) -> Any:
    return cells.sum(axis=(1, 2)) / face_cells().sum()


def share(found: list[bool]) -> float:
    return round(float(np.mean(found)), 4) if found else 0.0


if __name__ == "__main__":
    main()
