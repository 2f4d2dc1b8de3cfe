"""Draw synthetic people from seeds: the same seed gives the same person on every machine."""

from __future__ import annotations

from functools import cache

import numpy as np

from deid.heads.look import Colour, Identity, Look
from deid.heads.pack import default_pack

FEATURE_SPREAD = 0.2  # at 0.35 faces become caricatures
OPPOSITES = {
    "decr": "incr", "down": "up", "in": "out", "backward": "forward", "concave": "convex",
    "compress": "uncompress",
}  # fmt: skip
# Left as they are: shifts of whole features, shapes no ear has, and what age and ancestry change already.
KEPT_PREFIXES = ("nose", "mouth", "chin", "cheek", "eye", "forehead", "head", "ear")
LEFT_OUT = ("trans", "pointed", "triangle", "epicanthus", "head-age", "head-angle", "push", "corner")
SKIN_TONES: dict[str, tuple[Colour, Colour]] = {  # light and dark end, sRGB
    "african": ((0.58, 0.41, 0.31), (0.30, 0.20, 0.15)),
    "asian": ((0.88, 0.72, 0.61), (0.64, 0.47, 0.36)),
    "caucasian": ((0.88, 0.71, 0.63), (0.70, 0.52, 0.43)),
}
HAIR_COLOURS: tuple[Colour, ...] = (
    (0.06, 0.05, 0.045), (0.13, 0.10, 0.08), (0.23, 0.15, 0.10), (0.40, 0.27, 0.16), (0.62, 0.48, 0.30),
    (0.42, 0.20, 0.10),
)  # fmt: skip
IRIS_COLOURS: tuple[Colour, ...] = (
    (0.18, 0.11, 0.07), (0.30, 0.21, 0.12), (0.36, 0.34, 0.20), (0.38, 0.46, 0.52), (0.40, 0.50, 0.60),
)  # fmt: skip


def name_of(seed: int) -> str:
    return f"donor-{seed}"


def sample_identity(seed: int) -> Identity:
    """Return the adult of a seed >= 0: age about 20 to 80, either sex, any mixture of three ancestries."""
    source = np.random.default_rng([seed, 8121])
    parts = source.dirichlet([0.45, 0.45, 0.45])
    phenotype = {
        "gender": float(source.beta(0.35, 0.35)),
        "age": float(source.uniform(0.64, 0.97)),
        "muscle": float(source.uniform(0.35, 0.65)),
        "weight": float(source.uniform(0.35, 0.75)),
        "african": float(parts[0]),
        "asian": float(parts[1]),
        "caucasian": float(parts[2]),
    }
    features = sample_features(source)
    return Identity(name_of(seed), phenotype, features, _sample_look(source, phenotype, seed))


def sample_features(source: np.random.Generator, spread: float = FEATURE_SPREAD) -> dict[str, float]:
    """Return weights of local changes, both sides of the face alike."""
    features = {}
    axes = feature_axes()
    amounts = np.clip(source.normal(0, spread, len(axes)), -2.5 * spread, 2.5 * spread).tolist()
    for amount, (stem, (less, more)) in zip(amounts, axes.items(), strict=True):
        name = more if amount > 0 else less
        if name:
            sides = ("l-", "r-") if stem.startswith("l-") else ("",)
            features.update({f"{side}{name}": abs(amount) for side in sides})
    return features


@cache
def feature_axes() -> dict[str, tuple[str, str]]:
    """Return axis -> names of the change one way and the other, sides left out; "" where there is none."""
    names = [name for name in default_pack().local_names() if not name.startswith("r-")]
    axes: dict[str, tuple[str, str]] = {}
    for name in names:
        bare = name.removeprefix("l-")
        if not bare.startswith(KEPT_PREFIXES) or any(word in name for word in LEFT_OUT):
            continue
        stem, _, end = name.rpartition("-")
        if end in OPPOSITES and f"{stem}-{OPPOSITES[end]}" in names:
            axes[stem] = (bare, f"{stem.removeprefix('l-')}-{OPPOSITES[end]}")
        elif end not in OPPOSITES.values():
            axes[name] = ("", bare)
    return axes


def _sample_look(source: np.random.Generator, phenotype: dict[str, float], seed: int) -> Look:
    age = (phenotype["age"] - 0.64) / 0.33
    male = phenotype["gender"] < 0.5
    skin = _sample_tone(source, phenotype)
    fair = phenotype["caucasian"]
    hair = HAIR_COLOURS[int(source.integers(2 if fair < 0.4 else len(HAIR_COLOURS)))]
    iris = IRIS_COLOURS[int(source.integers(2 if fair < 0.5 else len(IRIS_COLOURS)))]
    lip_share = source.uniform(0.35, 0.65) * (0.6 if male else 1.0)
    lip = tuple(float(part) for part in np.array(skin) * (1 - lip_share * np.array([0.24, 0.52, 0.46])))
    return Look(
        skin=skin,
        lip=(lip[0], lip[1], lip[2]),
        iris=iris,
        hair=hair,
        redness=float(source.uniform(0.25, 0.7)),
        freckles=float(max(source.normal(-0.3, 0.5), 0.0)) * fair,
        lines=float(np.clip(0.1 + 0.7 * age + source.normal(0, 0.08), 0, 1)),
        stubble=float(source.uniform(0.15, 0.6)) if male and source.random() < 0.7 else 0.0,
        brow_height_cm=float(source.uniform(-0.35, 0.05)),
        brow_arch_cm=float(source.uniform(0.2, 0.5)),
        brow_thickness_cm=float(source.uniform(0.4, 0.58) if male else source.uniform(0.3, 0.42)),
        brow_density=float(source.uniform(0.65, 0.95)),
        hairline_cm=float(source.uniform(5.9, 6.9)),
        recession_cm=float(source.uniform(0.2, 0.8) + (1.4 * age * source.random() if male else 0.0)),
        hair_depth_cm=float(source.uniform(0.6, 1.4) if male else source.uniform(1.2, 2.2)),
        grey=float(np.clip(1.1 * age - 0.35 + source.normal(0, 0.15), 0, 0.95)),
        seed=seed * 100,
    )


def _sample_tone(source: np.random.Generator, phenotype: dict[str, float]) -> Colour:
    depth = float(source.beta(2, 2))
    tone = np.zeros(3)
    for name, (light, dark) in SKIN_TONES.items():
        tone += phenotype[name] * (np.array(light) * (1 - depth) + np.array(dark) * depth)
    tone = np.clip(tone + source.normal(0, 0.012, 3), 0.1, 0.95)
    return float(tone[0]), float(tone[1]), float(tone[2])
