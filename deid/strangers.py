"""People who are nobody, to be told apart from when a study has too few others of its own.

The donors of the bank as a recogniser sees them, moved to where it sees photographs: a rendered face lies off
to one side of all real ones, and nearer to its like. With the mean of real embeddings and their spread (two
numbers of 72 people together, of whom nothing else is kept: deid.build_strangers) the bank stands in for real
strangers. Measured on 24 of them (shared/data): the share of strangers that are liker to a hidden face
than its owner is .41 and .29 behind a blur (real people: .43 and .33), .50 and .50 behind a box (.50, .50).
These 24 are among the 72 whose mean and spread the strangers have.

For swap and avatar they are also the bank that donors were chosen from, as unlike the person as any of them.
The donors that a file shows are left out, for the face put in place would be found instead of its owner.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from deid.donors import list_donors, load_likeness
from deid.recognisers import Identifier
from emotion.types import Float

PLACE_PATH: Final = Path(__file__).with_name("stranger_place.npz")


@cache
def list_strangers() -> dict[str, Float]:
    """Return unit vectors (BANK_SIZE, D) by the name of the recogniser."""
    with np.load(PLACE_PATH, allow_pickle=False) as stored:
        return {
            name: place_strangers(rendered, stored[f"{name}/mean"], float(stored[f"{name}/spread"]))
            for name, rendered in load_likeness().items()
        }


def add_strangers(
    real: Mapping[str, Float], identifiers: Sequence[Identifier], *, shown: Collection[str] = ()
) -> dict[str, Float]:
    """Return a gallery (G, D) by recogniser: the real people, then strangers where any are known.

    shown: names of the donors whose faces are in the file, who are no strangers to it.
    """
    kept = [at for at, donor in enumerate(list_donors()) if donor.name not in shown]
    strangers = {name: rows[kept] for name, rows in list_strangers().items()}
    return {
        one.name: np.concatenate([part[one.name] for part in (real, strangers) if one.name in part])
        for one in identifiers
        if one.name in real or one.name in strangers
    }


def place_strangers(rendered: Float, mean: Float, spread: float) -> Float:
    """Return rendered embeddings (N, D) as unit vectors around a mean (D,) whose spread they get."""
    apart = rendered - rendered.mean(axis=0)
    scale = spread / max(spread_of(rendered), 1e-9)
    placed = mean + scale * apart
    return np.asarray(placed / np.linalg.norm(placed, axis=1, keepdims=True), np.float32)


def spread_of(embeddings: Float) -> float:
    """Return the root mean square distance of embeddings (N, D) from their mean."""
    return float(np.sqrt(((embeddings - embeddings.mean(axis=0)) ** 2).sum(axis=1).mean()))
