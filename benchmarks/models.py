"""Figures of the models that no single evaluation gives: `python -m benchmarks.models talking|demo|pools …`.

talking FOLDER: what share of the faces of unlabelled videos each model calls what. demo: how many scripted
seconds of the demonstration each model gets right. pools DATASET: the exponents of emotion/recipes.py anew.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from deid.demo import demo_videos, read_truth
from emotion.crop import crop_face
from emotion.dataset import load_dataset
from emotion.detect import CenterFace
from emotion.labels import EMOTIONS
from emotion.media import read_frames
from emotion.recipes import RECIPES
from emotion.recognise import LEAST_PROBABILITY, Network, load_recogniser
from emotion.stills import largest_face
from emotion.train.temperature import fit_temperature
from emotion.types import Float, Image

MOMENTS_MS = (250, 500, 750)


def main() -> None:
    """Measure and print one JSON object per line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.models", description=__doc__)
    parser.add_argument("what", choices=("talking", "demo", "pools"))
    parser.add_argument("data", type=Path, nargs="?", help="a folder of videos, or a labelled data set")
    arguments = parser.parse_args()
    if (arguments.data is None) != (arguments.what == "demo"):
        parser.error(f"{arguments.what} takes {'nothing' if arguments.what == 'demo' else 'one path'} more")
    measures = {"talking": talking, "pools": pools}
    for line in demo() if arguments.data is None else measures[arguments.what](arguments.data):
        print(json.dumps(line), flush=True)


def talking(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield per model the share of each emotion among the largest faces of 3 frames a second."""
    detector = CenterFace()
    frames = (
        frame.image_bgr
        for video in sorted(folder.glob("*.mp4"))
        for frame in read_frames(video, sample_fps=Fraction(3))
    )
    faces = [face for frame in frames if (face := _largest(frame, detector)) is not None]
    for name in RECIPES:
        found = Counter(load_recogniser(name).classify(faces).argmax(axis=1).tolist())
        shares = {emotion: round(found[at] / len(faces), 3) for at, emotion in enumerate(EMOTIONS)}
        yield {"model": name, "faces": len(faces), **shares}


def demo() -> Iterator[dict[str, Any]]:
    """Yield per model the right seconds: the mean of three moments against the truth beside the film."""
    detector = CenterFace()
    rows = [row for row in read_truth() if row["present"] == "1" and row["role"] == row["camera"]]
    seen = [(row["emotion"], list(_faces_of_second(row, detector))) for row in rows]
    seen = [(emotion, faces) for emotion, faces in seen if faces]
    for name in RECIPES:
        recogniser = load_recogniser(name)
        said = [EMOTIONS[int(recogniser.classify(faces).mean(axis=0).argmax())] for _, faces in seen]
        right = Counter(truth for (truth, _), one in zip(seen, said, strict=True) if truth == one)
        share = round(right.total() / len(seen), 4)
        yield {"model": name, "seconds": len(seen), "right": share, **{e: right[e] for e in EMOTIONS}}


def pools(dataset_path: Path) -> Iterator[dict[str, Any]]:
    """Yield per recipe its exponents: each network's 1 / T, times what minimises the pool's loss."""
    dataset = load_dataset(dataset_path)
    pictures = [read() for read in dataset.readers]
    networks = {part for recipe in RECIPES.values() for part in recipe.exponents}
    logs = {part: _log_opinions(part, pictures) for part in networks}
    temperatures = {part: fit_temperature(one, dataset.labels) for part, one in logs.items()}
    for name, recipe in RECIPES.items():
        yield {
            "model": name,
            **_fit_pool(
                {part: np.asarray(logs[part] / temperatures[part], np.float32) for part in recipe.exponents},
                temperatures,
                dataset.labels,
            ),
        }


def _log_opinions(network: str, pictures: list[Image]) -> Float:
    probs = Network(network).classify(pictures)
    return np.asarray(np.log(np.maximum(probs, LEAST_PROBABILITY)), np.float32)


def _fit_pool(
    calibrated: Mapping[str, Float], temperatures: Mapping[str, float], labels: Any
) -> dict[str, float]:
    total = np.sum(list(calibrated.values()), axis=0)

    def loss(log_scale: float) -> float:
        return float(-log_softmax(total * np.exp(log_scale), axis=1)[np.arange(len(labels)), labels].mean())

    scale = float(np.exp(minimize_scalar(loss, bounds=(-3, 2), method="bounded").x))
    return {part: round(scale / temperatures[part], 3) for part in calibrated}


def _faces_of_second(row: Mapping[str, str], detector: CenterFace) -> Iterator[Image]:
    for moment in MOMENTS_MS:
        start_us = 1000 * (1000 * int(row["second"]) + moment)
        frame = next(read_frames(demo_videos()[row["camera"]], start_us=start_us), None)
        face = None if frame is None else _largest(frame.image_bgr, detector)
        if face is not None:
            yield face


def _largest(image: Image, detector: CenterFace) -> Image | None:
    found = detector.detect(image)
    return crop_face(image, found, largest_face(found)) if len(found) else None


if __name__ == "__main__":
    main()
