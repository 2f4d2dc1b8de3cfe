"""The models that --model can name: the shipped networks they are made of, how good and how fast they are.

Figures: FER2013 validation, 3,283 pictures used whole; time of one face on one CPU thread. On faces cut out
by the detector all are about one point lower, and on other data sets much lower. "error" is the expected
calibration error in 15 bins; the exponents were fitted on the same pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from emotion.errors import UnknownModel
from emotion.weights_catalogue import WEIGHTS


@dataclass(frozen=True)
class Recipe:
    """Networks and their exponents in the product p_1^e_1 * p_2^e_2 * …, normalised.

    One network with exponent 1 / T is temperature scaling: Guo et al., "On Calibration of Modern Neural
    Networks", 2017. Several are a logarithmic opinion pool: Genest and Zidek, "Combining Probability
    Distributions", 1986. A pool's exponents are proportional to 1 / T of its members, so that each calibrated
    network has one vote, and minimise the negative log likelihood of the FER2013 validation pictures.
    """

    name: str
    exponents: dict[str, float]
    note: str


DEFAULT_MODEL: Final = "mobileface+human+fer+face-api"
RECIPES: Final = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            DEFAULT_MODEL,
            {"mobileface": 0.345, "human": 0.179, "fer": 0.217, "face-api": 0.066},
            "66.6 % accuracy, 62.4 % macro F1, error .021, 7 ms. The default: a point below the pool without "
            "face-api, but better on rendered faces (60 %), and it calls none of 115 talking faces angry, "
            "where human+fer calls eight.",
        ),
        Recipe(
            "resnet+mobileface+densenet+human+fer",
            {"resnet": 0.238, "mobileface": 0.269, "densenet": 0.109, "human": 0.14, "fer": 0.17},
            "70.6 % accuracy, 68.0 % macro F1, error .024, 67 ms. The best, for machines with time or CUDA.",
        ),
        Recipe(
            "mobileface+densenet+human+fer",
            {"mobileface": 0.338, "densenet": 0.137, "human": 0.176, "fer": 0.213},
            "70.2 % accuracy, 66.6 % macro F1, error .015, 60 ms. The best before resnet.",
        ),
        Recipe(
            "mobileface+human+fer",
            {"mobileface": 0.434, "human": 0.226, "fer": 0.274},
            "67.9 % accuracy, 64.6 % macro F1, error .022, 5 ms.",
        ),
        Recipe(
            "resnet+mobileface",
            {"resnet": 0.54, "mobileface": 0.609},
            "68.8 % accuracy, 65.9 % macro F1, error .028, 7.7 ms. Our own two: "
            "58 % of rendered faces, no talking face angry.",
        ),
        Recipe(
            "resnet",
            {"resnet": 1.013},
            "67.1 % accuracy, 64.1 % macro F1, error .052, 4.3 ms. Our own; too sure of itself, so better in "
            "a pool; right on 44 % of rendered faces, where mobileface is on 63, face-api on 67 %.",
        ),
        Recipe(
            "mobileface",
            {"mobileface": 1.143},
            "66.6 % accuracy, 62.7 % macro F1, error .026, 3.4 ms. Our own, a small one.",
        ),
        Recipe(
            "densenet+human+fer",
            {"densenet": 0.182, "human": 0.234, "fer": 0.284},
            "69.9 % accuracy, 66.5 % macro F1, error .023, 56 ms.",
        ),
        Recipe(
            "human+fer+face-api",
            {"human": 0.239, "fer": 0.290, "face-api": 0.088},
            "64.8 % accuracy, 61.1 % macro F1, error .022, 2 ms.",
        ),
        Recipe(
            "human+fer",
            {"human": 0.331, "fer": 0.402},
            "66.0 % accuracy, 62.7 % macro F1, error .021, 1 ms. The fast one.",
        ),
        Recipe("densenet", {"densenet": 0.464}, "69.0 % accuracy, 66.2 % macro F1, error .026, 54 ms."),
        Recipe("human", {"human": 0.594}, "63.4 % accuracy, 61.1 % macro F1, error .023, 0.8 ms."),
        Recipe("face-api", {"face-api": 0.218}, "56.5 % accuracy, 50.3 % macro F1, error .045, 0.8 ms."),
        Recipe("fer", {"fer": 0.721}, "63.9 % accuracy, 58.3 % macro F1, error .031, 0.3 ms."),
    )
}
#: Names for those who do not want to choose by numbers.
PRESETS: Final = {"best": "resnet+mobileface+densenet+human+fer", "fast": "human+fer"}


def find_recipe(name: str) -> Recipe:
    """Return a recipe by its name or by that of a preset. Raises UnknownModel."""
    recipe = RECIPES.get(PRESETS.get(name, name))
    if recipe is None:
        raise UnknownModel(f"expected a model of {', '.join((*PRESETS, *RECIPES))}, got {name!r}")
    return recipe


def describe_weights(name: str = DEFAULT_MODEL) -> list[dict[str, str]]:
    """Return what a recipe's networks are, for the record of a run: name, package, version, sha256, licence.

    Raises UnknownModel.
    """
    fields = ("name", "package", "version", "sha256", "licence")
    return [
        {field: str(getattr(WEIGHTS[part], field)) for field in fields}
        for part in find_recipe(name).exponents
    ]
