"""Train, calibrate and export our network: `python -m emotion.train --help`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from emotion import weights
from emotion.train.backbone import ExpressionNet
from emotion.train.data import Faces, read_labelled, read_videos
from emotion.train.finish import averaged_net, finish
from emotion.train.fit import Plan, Stage, train


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m emotion.train", description=__doc__)
    parser.add_argument("--train", type=Path, required=True, help="labelled faces, as for evaluate")
    parser.add_argument("--validation", type=Path, required=True, help="labelled faces to calibrate on")
    parser.add_argument("--videos", type=Path, help="folder of unlabelled face videos, person__number.mp4")
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoint, log and network")
    parser.add_argument("--start", type=Path, help="--out of an earlier training to go on from")
    parser.add_argument("--stages", default="64x4x1,96x6x0.6", help="side x epochs x strength of views, …")
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--threads", type=int, default=Plan.threads)
    options = parser.parse_args()
    stages = tuple(read_stage(stage) for stage in options.stages.split(","))
    options.out.mkdir(parents=True, exist_ok=True)
    validation = read_labelled(options.validation)
    torch.manual_seed(options.seed)  # the new head begins at random, too
    averaged = train(
        ExpressionNet(weights.path_of("identity")),
        labelled=read_labelled(options.train),
        videos=_videos(options.videos, options.out / "videos.npz") if options.videos else None,
        validation=validation,
        plan=Plan(stages=stages, seed=options.seed, threads=options.threads),
        out=options.out,
        start=options.start,
        report=lambda line: print(line, flush=True),
    )
    print(json.dumps(finish(averaged_net(averaged), validation, stages[-1].side, options.out)))


def read_stage(words: str) -> Stage:
    """Return a stage from "64x5x1": side, epochs, strength of augmentation."""
    side, epochs, strength = words.split("x")
    return Stage(int(side), int(epochs), float(strength))


def _videos(folder: Path, kept: Path) -> Faces:
    """Return the faces of the videos; the teachers' labels, which take minutes, are kept beside the log."""
    if not kept.exists():
        faces = read_videos(folder)
        np.savez_compressed(kept, pictures=faces.pictures, targets=faces.targets, groups=faces.groups)
    with np.load(kept) as archive:
        return Faces(archive["pictures"], archive["targets"], archive["groups"])


if __name__ == "__main__":
    main()
