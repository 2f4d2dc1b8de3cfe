"""How the network that finds what is before a face learns: faces in all lights, looks that know less."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from deid.held import DARKEST, GREY, LEAST_SEEN, SEEN_SCALE, TEXTURE, load_grid
from deid.held_net import HeldNet
from emotion.types import Image

PASSES, BATCH, RATE = 14, 64, 4e-3
BARE_WEIGHT: Final = 1.3  # of a face that nothing is before
# How often no look is known, one does not know what is hidden now, or something else, or shows it.
NO_LOOK, HIDDEN_SAME, HIDDEN_OTHER = 0.20, 0.08, 0.12
UNKNOWN: Final = 0.6  # how often such a look does not know, instead of showing something wrong


@dataclass(frozen=True)
class Samples:
    """textures (N, 64, 64, 3), seen (N, 64, 64): as Glimpse; hidden (N, 64, 64) 0..255; video, person (N,).

    looks (V, 64, 64, 3): of each video.
    """

    textures: Image
    seen: Image
    hidden: Image
    video: NDArray[np.int64]
    person: NDArray[np.int64]
    looks: Image


def fit(samples: Samples, say: Callable[[str], None]) -> HeldNet:
    """Return a network that has learnt from the samples, each person as often as any other."""
    net = HeldNet()
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    rng, batches = np.random.default_rng(0), _Batches(samples)
    steps = len(samples.textures) // BATCH
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=1e-3)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=PASSES * steps)
    for number in range(PASSES):
        net.train()
        total = 0.0
        for _ in range(steps):
            faces, hidden, counts = batches.draw(rng)
            found = net(faces.contiguous(memory_format=torch.channels_last))[:, 0]
            each = functional.binary_cross_entropy_with_logits(found, hidden, reduction="none")
            loss = (each * counts * (1 + hidden)).sum() / counts.sum()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            rate.step()
            total += float(loss.detach())
        say(f"pass {number + 1} of {PASSES}: loss {total / steps:.4f}")
    net.eval()
    return net


class _Batches:
    """Draws faces at random and changes them as cameras and lamps do."""

    def __init__(self, samples: Samples) -> None:
        grid = load_grid()
        self._samples = samples
        self._inner, self._skin = torch.from_numpy(grid.inner), torch.from_numpy(grid.skin)
        self._is_hidden = samples.hidden.reshape(len(samples.hidden), -1).max(axis=1) > 128
        self._of_video = [
            np.flatnonzero((samples.video == video) & self._is_hidden) for video in range(len(samples.looks))
        ]
        often = np.where(self._is_hidden, 1.0, BARE_WEIGHT) / np.bincount(samples.person)[samples.person]
        self._often = often / often.sum()

    def draw(self, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Return inputs (B, 7, 64, 64), what is hidden (B, 32, 32), and which of that counts."""
        at = rng.choice(len(self._often), BATCH, p=self._often)
        faces, looks = (
            self._pictures(self._samples.textures[at]),
            self._pictures(self._samples.looks[self._samples.video[at]]),
        )
        hidden = torch.from_numpy(self._samples.hidden[at]).float() / 255
        seen = torch.from_numpy(self._samples.seen[at]).float() / SEEN_SCALE
        has_look, known = self._forget(at, looks, rng)
        faces, looks = _relight(faces, looks, rng)
        faces, hidden, seen = _shift(faces, hidden, seen, rng)
        faces = _blur(faces, rng) + torch.randn_like(faces) * _random(rng.uniform(0, 6, (BATCH, 1, 1, 1)))
        looks = _blur(looks, rng)
        turned = torch.from_numpy(rng.random(BATCH) < 0.5)
        faces, looks, hidden, seen, known = (
            torch.where(turned.view(-1, *[1] * (one.dim() - 1)), one.flip(-1), one)
            for one in (faces, looks, hidden, seen, known)
        )
        counts = (self._inner[None] & (seen > LEAST_SEEN)).float()
        light = torch.where(has_look, self._light(looks), self._light(faces)).view(-1, 1, 1, 1)
        known = known * has_look.view(-1, 1, 1, 1)
        layers = [(faces / light - 1).clamp(-1, 2), (looks / light - 1).clamp(-1, 2) * known, seen[:, None]]
        halved = [functional.avg_pool2d(one[:, None], 2)[:, 0] for one in (hidden, counts)]
        return torch.cat(layers, 1), halved[0], halved[1]

    def _pictures(self, images: Image) -> Tensor:
        return torch.from_numpy(images).permute(0, 3, 1, 2).float()

    def _light(self, pictures: Tensor) -> Tensor:
        grey = (pictures * torch.from_numpy(GREY).view(1, 3, 1, 1)).sum(1)
        return grey[:, self._skin].median(1).values.clamp(min=DARKEST)

    def _forget(
        self, at: NDArray[np.int64], looks: Tensor, rng: np.random.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return which faces have a look (B,), and where it is known (B, 1, 64, 64); spoils some looks."""
        known = torch.ones(BATCH, 1, TEXTURE, TEXTURE)
        fate = rng.random(BATCH)
        for one in np.flatnonzero((fate >= NO_LOOK) & (fate < NO_LOOK + HIDDEN_SAME + HIDDEN_OTHER)):
            others = self._of_video[self._samples.video[at[one]]]
            same = fate[one] < NO_LOOK + HIDDEN_SAME and self._is_hidden[at[one]]
            if not same and not len(others):
                continue
            other = at[one] if same else others[rng.integers(len(others))]
            mask = torch.from_numpy(self._samples.hidden[other]).float() / 255
            if rng.random() < UNKNOWN:
                known[one, 0] = (mask < 0.1).float()
            else:
                shown = self._pictures(self._samples.textures[other : other + 1])[0]
                looks[one] = looks[one] * (1 - mask) + shown * mask
        return torch.from_numpy(fate >= NO_LOOK), known


def _relight(faces: Tensor, looks: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Return both in another colour, and the faces in another light, from another side."""
    colour = _random(rng.normal(1, 0.12, (BATCH, 3, 1, 1))).clamp(0.6, 1.5)
    faces, looks = faces * colour, looks * colour
    own = _random(rng.normal(1, 0.1, (BATCH, 1, 1, 1)) * rng.normal(1, 0.03, (BATCH, 3, 1, 1)))
    way = torch.linspace(-1, 1, TEXTURE)
    slopes = _random(rng.normal(0, 0.15, (BATCH, 2, 1, 1, 1)))
    side = 1 + slopes[:, 0] * way.view(1, 1, -1, 1) + slopes[:, 1] * way.view(1, 1, 1, -1)
    gamma = _random(np.exp(rng.normal(0, 0.12, (BATCH, 1, 1, 1))))
    return 255 * ((faces * own * side.clamp(0.4, 1.8)).clamp(0, 400) / 255) ** gamma, looks


def _shift(
    faces: Tensor, hidden: Tensor, seen: Tensor, rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Return all three moved alike by a pixel or so, as landmarks are that are not quite right."""
    turn = torch.eye(2, 3).repeat(BATCH, 1, 1)
    turn[:, :, :2] += _random(rng.normal(0, 0.012, (BATCH, 2, 2)))
    turn[:, :, 2] = _random(rng.normal(0, 0.03, (BATCH, 2)))
    places = functional.affine_grid(turn, [BATCH, 3, TEXTURE, TEXTURE], align_corners=False)
    layers = torch.cat([faces, hidden[:, None], seen[:, None]], 1)
    moved = functional.grid_sample(layers, places, padding_mode="border", align_corners=False)
    return moved[:, :3], moved[:, 3], moved[:, 4]


def _blur(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Return some of the pictures (B, 3, H, W) less sharp."""
    some = torch.from_numpy(rng.random(BATCH) < 0.3).view(-1, 1, 1, 1)
    padded = functional.pad(pictures, (1, 1, 1, 1), mode="replicate")
    return torch.where(some, functional.avg_pool2d(padded, 3, 1), pictures)


def _random(values: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(values).float()
