"""What a person looks like apart from shape: colours, hair, lines. Colours are sRGB 0..1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from deid.heads.pack import Float

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Look:
    """Colours and hair of one person; lengths in centimetres, strengths 0..1 unless said otherwise."""

    skin: Colour = (0.80, 0.62, 0.53)
    lip: Colour = (0.66, 0.40, 0.37)
    iris: Colour = (0.32, 0.24, 0.16)
    hair: Colour = (0.18, 0.13, 0.09)
    redness: float = 0.5
    freckles: float = 0.0
    lines: float = 0.3  # wrinkles at rest
    stubble: float = 0.0
    brow_height_cm: float = 0.0
    brow_arch_cm: float = 0.45
    brow_thickness_cm: float = 0.42
    brow_density: float = 0.8
    hairline_cm: float = 6.4  # height above the eyes at the middle of the forehead
    recession_cm: float = 0.6  # how much higher the hairline is at the temples
    hair_depth_cm: float = 1.2
    hair_density: float = 1.0
    grey: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Identity:
    """One synthetic person: body type, features, look, and the facial units that a calm face holds anyway."""

    name: str
    phenotype: Mapping[str, float]
    features: Mapping[str, float] = field(default_factory=dict)
    look: Look = field(default_factory=Look)
    resting_units: Mapping[str, float] = field(default_factory=dict)


def to_linear(colour: Colour | Float) -> Float:
    """Return linear light of sRGB values 0..1 (IEC 61966-2-1)."""
    value = np.asarray(colour, np.float32)
    low = value / np.float32(12.92)
    high = ((np.maximum(value, 0) + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4)
    linear: Float = np.where(value <= 0.04045, low, high).astype(np.float32)
    return linear
