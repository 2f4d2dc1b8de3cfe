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


DEFAULT_MODEL: Final = "human+fer+face-api"
RECIPES: Final = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            DEFAULT_MODEL,
            {"human": 0.237, "fer": 0.286, "face-api": 0.090},
            "64.7 % accuracy, 61.1 % macro F1, error .023, 4 ms. The default: 1.3 points below the pair "
            "without face-api, but it takes half as many talking people for angry (9 % against 16 % of 239 "
            "faces), and face-api is the best of these on press and film pictures.",
        ),
        Recipe(
            "densenet+human+fer",
            {"densenet": 0.187, "human": 0.231, "fer": 0.279},
            "70.1 % accuracy, 66.6 % macro F1, error .024, 56 ms. The best, for machines with time or CUDA.",
        ),
        Recipe(
            "human+fer",
            {"human": 0.332, "fer": 0.401},
            "66.0 % accuracy, 62.7 % macro F1, error .021, 2 ms.",
        ),
        Recipe("densenet", {"densenet": 0.465}, "69.0 % accuracy, 66.2 % macro F1, error .026, 54 ms."),
        Recipe("human", {"human": 0.575}, "63.4 % accuracy, 61.1 % macro F1, error .021, 1.8 ms."),
        Recipe("face-api", {"face-api": 0.218}, "56.5 % accuracy, 50.3 % macro F1, error .045, 2.1 ms."),
        Recipe("fer", {"fer": 0.694}, "63.9 % accuracy, 58.3 % macro F1, error .031, 0.6 ms."),
    )
}


def find_recipe(name: str) -> Recipe:
    """Return a recipe by its name. Raises UnknownModel."""
    if name not in RECIPES:
        raise UnknownModel(f"expected a model of {', '.join(RECIPES)}, got {name!r}")
    return RECIPES[name]


def describe_weights(name: str = DEFAULT_MODEL) -> list[dict[str, str]]:
    """Return what a recipe's networks are, for the record of a run: name, package, version, sha256, licence.

    Raises UnknownModel.
    """
    fields = ("name", "package", "version", "sha256", "licence")
    return [
        {field: str(getattr(WEIGHTS[part], field)) for field in fields}
        for part in find_recipe(name).exponents
    ]
