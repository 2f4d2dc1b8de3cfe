"""Train, calibrate and export our network: `python -m emotion.train --help`."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import torch

from emotion import weights
from emotion.train.augment import enlarge
from emotion.train.data import Faces, read_labelled, read_videos
from emotion.train.export import Trained
from emotion.train.finish import averaged_net, finish
from emotion.train.fit import Plan, Stage, to_tensor, train
from emotion.train.mobileface import MobileFaceNet
from emotion.train.resnet import ResNet

#: Each network with the plan that taught it what emotion/models holds.
PLANS: Final = {
    "resnet": Plan(
        (Stage(64, 22), Stage(96, 32), Stage(96, 8, 0.6)), batch=128, rate=1e-3, decay=0.05, threads=2
    ),
    "mobileface": Plan(),
}
PICTURES_TO_PREPARE: Final = 512


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m emotion.train", description=__doc__)
    parser.add_argument("--network", choices=tuple(PLANS), default="resnet")
    parser.add_argument("--train", type=Path, required=True, help="labelled faces, as for evaluate")
    parser.add_argument("--validation", type=Path, required=True, help="labelled faces to calibrate on")
    parser.add_argument("--videos", type=Path, help="folder of unlabelled face videos, person__number.mp4")
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoint, log and network")
    parser.add_argument("--start", type=Path, help="--out of an earlier training to go on from")
    parser.add_argument("--stages", help="side x epochs x strength of views, as 64x4x1,96x6x0.6")
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    plan = replace(PLANS[options.network], seed=options.seed)
    if options.stages:
        plan = replace(plan, stages=tuple(read_stage(stage) for stage in options.stages.split(",")))
    if options.threads:
        plan = replace(plan, threads=options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    labelled, validation = read_labelled(options.train), read_labelled(options.validation)
    torch.manual_seed(plan.seed)  # the new head begins at random, too
    averaged = train(
        _begin(options.network, labelled, plan),
        labelled=labelled,
        videos=_videos(options.videos, options.out / "videos.npz") if options.videos else None,
        validation=validation,
        plan=plan,
        out=options.out,
        start=options.start,
        report=lambda line: print(line, flush=True),
    )
    print(json.dumps(finish(averaged_net(averaged), validation, plan.stages[-1].side, options.out)))


def _begin(network: str, labelled: Faces, plan: Plan) -> Trained:
    if network == "mobileface":
        return MobileFaceNet(weights.path_of("identity"))
    net = ResNet(weights.path_of("identity-dlib"))
    chosen = np.random.default_rng(plan.seed).choice(len(labelled), PICTURES_TO_PREPARE, replace=False)
    net.prepare(to_tensor([enlarge(labelled.pictures[one], plan.stages[0].side) for one in chosen]))
    return net


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
