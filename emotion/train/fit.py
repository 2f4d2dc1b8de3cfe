"""The training loop: stages of growing picture size, one learning rate over all of them, averaged weights."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from emotion.metrics import accuracy, confusion_matrix, macro_f1
from emotion.train.augment import augment, enlarge
from emotion.train.data import Faces
from emotion.types import Float

OFFSET: Final = 127.0
DIVISOR: Final = 128.0
CHECKPOINT: Final = "checkpoint.pt"
LOG: Final = "log.json"


@dataclass(frozen=True)
class Stage:
    """epochs of pictures of side pixels. strength: of their augmentation."""

    side: int
    epochs: int
    strength: float = 1.0


@dataclass(frozen=True)
class Plan:
    """All that a training depends on besides its data. balance: draw a class of n pictures as if it had
    n ** (1 - balance). video_share: how many pictures of videos per labelled one."""

    stages: tuple[Stage, ...] = (Stage(64, 4), Stage(96, 6, 0.6))
    batch: int = 64
    rate: float = 8e-4
    decay: float = 0.02
    smoothing: float = 0.1
    balance: float = 0.35
    video_share: float = 0.1
    average: float = 0.999
    warm_up: float = 0.05
    seed: int = 7
    threads: int = 1


@dataclass
class Log:
    """What is written down after every epoch. start: the log of the training that this one goes on from."""

    plan: dict[str, Any]
    start: dict[str, Any] | None = None
    epochs: list[dict[str, float]] = field(default_factory=list)


def train(
    net: nn.Module,
    *,
    labelled: Faces,
    videos: Faces | None,
    validation: Faces,
    plan: Plan,
    out: Path,
    report: Callable[[str], None],
    start: Path | None = None,
) -> nn.Module:
    """Return the averaged network after all stages; a checkpoint and log.json lie in out after every epoch.

    net: modified. start: out of an earlier training, whose averaged weights this one begins with. A run that
    was stopped goes on after the last whole epoch. Results repeat on the same machine and number of threads
    as far as bfloat16 sums there do.
    """
    torch.manual_seed(plan.seed)
    torch.set_num_threads(plan.threads)
    torch.set_flush_denormal(True)
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    log = Log(asdict(plan), _begin_with(start, net) if start else None)
    average = get_ema_multi_avg_fn(plan.average)  # type: ignore[no-untyped-call]
    averaged = AveragedModel(net, multi_avg_fn=average, use_buffers=True)
    optimiser = torch.optim.AdamW(_groups(net, plan.decay), lr=plan.rate)
    begun = _resume(out, net, averaged, optimiser, log)
    stages = [stage for stage in plan.stages for _ in range(stage.epochs)]
    for epoch, stage in list(enumerate(stages))[begun:]:
        began = time.monotonic()
        batches = _batches(labelled, videos, stage, plan, np.random.default_rng((plan.seed, epoch)))
        rate_of = _rate_of(plan, epoch, len(labelled))
        loss = _run_epoch(net, averaged, optimiser, batches, rate_of=rate_of, smoothing=plan.smoothing)
        averaged.train(False)
        scores = measure(predict(averaged, validation, stage.side), validation)
        seconds = time.monotonic() - began
        log.epochs.append({"epoch": epoch, "side": stage.side, "loss": loss, "seconds": seconds, **scores})
        report(json.dumps({key: round(value, 4) for key, value in log.epochs[-1].items()}))
        _keep(out, net, averaged, optimiser, log)
    return averaged


def predict(net: nn.Module, faces: Faces, side: int, *, flipped: bool = False) -> Float:
    """Return logits (N, 7) of faces as they are; flipped: the mean with those of the mirrored faces."""
    rows = []
    with torch.inference_mode():
        for start in range(0, len(faces), 256):
            pictures = to_tensor([enlarge(face, side) for face in faces.pictures[start : start + 256]])
            logits = net(pictures)
            rows.append((logits + net(pictures.flip(3))) / 2 if flipped else logits)
    return np.asarray(torch.cat(rows).float().numpy())


def measure(logits: Float, faces: Faces) -> dict[str, float]:
    """Return accuracy and macro F1 of logits (N, 7)."""
    labels = faces.targets.argmax(1).astype(np.int64)
    confusion = confusion_matrix(labels, logits.argmax(1).astype(np.int64), logits.shape[1])
    return {"accuracy": accuracy(confusion) or 0.0, "macro_f1": macro_f1(confusion) or 0.0}


def to_tensor(pictures: list[Any]) -> Tensor:
    """Return grey pictures (S, S) uint8 as (N, 1, S, S), about -1..1."""
    values = (np.stack(pictures)[:, None].astype(np.float32) - OFFSET) / DIVISOR
    return torch.from_numpy(values).to(memory_format=torch.channels_last)


def _run_epoch(
    net: nn.Module,
    averaged: AveragedModel,
    optimiser: torch.optim.Optimizer,
    batches: Iterator[tuple[Tensor, Tensor]],
    *,
    rate_of: Callable[[int], float],
    smoothing: float,
) -> float:
    net.train()
    losses = []
    for step, (pictures, targets) in enumerate(batches):
        for group in optimiser.param_groups:
            group["lr"] = rate_of(step)
        with torch.autocast("cpu", torch.bfloat16):
            logits = net(pictures)
        loss = functional.cross_entropy(logits.float(), targets, label_smoothing=smoothing)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        averaged.update_parameters(net)
        losses.append(float(loss.detach()))
    return float(np.mean(losses))


def _batches(
    labelled: Faces, videos: Faces | None, stage: Stage, plan: Plan, random: Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    pool = [(labelled, index) for index in _draw(labelled, len(labelled), plan.balance, random)]
    if videos is not None:
        count = int(plan.video_share * len(labelled))
        pool += [(videos, index) for index in _draw(videos, count, 1.0, random)]
    order = random.permutation(len(pool))
    for start in range(0, len(order) - plan.batch + 1, plan.batch):
        chosen = [pool[place] for place in order[start : start + plan.batch]]
        pictures = [
            augment(faces.pictures[index], stage.side, random, strength=stage.strength)
            for faces, index in chosen
        ]
        targets = np.stack([faces.targets[index] for faces, index in chosen])
        yield to_tensor(pictures), torch.from_numpy(targets)


def _draw(faces: Faces, count: int, balance: float, random: Generator) -> list[int]:
    """Return count numbers of faces, rare groups more often than they occur."""
    members = np.bincount(faces.groups)
    chances = members[faces.groups].astype(np.float64) ** -balance
    return list(random.choice(len(faces), count, p=chances / chances.sum()))


def _rate_of(plan: Plan, epoch: int, pictures: int) -> Callable[[int], float]:
    """Return the learning rate by step of this epoch: linear warm-up, then half a cosine over all epochs."""
    epochs = sum(stage.epochs for stage in plan.stages)
    steps = pictures / plan.batch

    def rate(step: int) -> float:
        done = (epoch + min(step / steps, 1.0)) / epochs
        if done < plan.warm_up:
            return plan.rate * done / plan.warm_up
        return plan.rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))

    return rate


def _groups(net: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Return the parameters in two groups: decay for kernels, none for biases."""
    kernels = [one for one in net.parameters() if one.ndim > 1]
    biases = [one for one in net.parameters() if one.ndim <= 1]
    return [{"params": kernels, "weight_decay": decay}, {"params": biases, "weight_decay": 0.0}]


def _keep(out: Path, net: nn.Module, averaged: nn.Module, optimiser: torch.optim.Optimizer, log: Log) -> None:
    out.mkdir(parents=True, exist_ok=True)
    state = {"net": net.state_dict(), "averaged": averaged.state_dict(), "optimiser": optimiser.state_dict()}
    torch.save(state, out / "checkpoint.tmp")
    (out / "log.tmp").write_text(json.dumps(asdict(log), indent=1))
    (out / "checkpoint.tmp").replace(out / CHECKPOINT)
    (out / "log.tmp").replace(out / LOG)


def _begin_with(start: Path, net: nn.Module) -> dict[str, Any]:
    """Load the averaged weights of an earlier training; return its log."""
    weights = torch.load(start / CHECKPOINT, weights_only=True)["averaged"]
    inside = "module."
    net.load_state_dict({key.removeprefix(inside): one for key, one in weights.items() if inside in key})
    return dict(json.loads((start / LOG).read_text()))


def _resume(
    out: Path, net: nn.Module, averaged: nn.Module, optimiser: torch.optim.Optimizer, log: Log
) -> int:
    """Return how many epochs are done; loads their state. Raises ValueError for another plan's folder."""
    if not (out / CHECKPOINT).exists():
        return 0
    before = json.loads((out / LOG).read_text())
    if before["plan"] != json.loads(json.dumps(log.plan)):
        raise ValueError(f"expected the plan that {out} was begun with: choose another folder")
    state = torch.load(out / CHECKPOINT, weights_only=True)
    net.load_state_dict(state["net"])
    averaged.load_state_dict(state["averaged"])
    optimiser.load_state_dict(state["optimiser"])
    log.epochs[:] = before["epochs"]
    return len(log.epochs)
