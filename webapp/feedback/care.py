"""The CARE measure of empathy as the patient sees it: Mercer et al., Fam Pract 2004;21(6):699.

Ten items from 1 (poor) to 5 (excellent), summed to 10..50. An item that does not apply, up to two of them, is
replaced by the mean of the others; with more, there is no score.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ITEMS: Final = (
    "made you feel at ease",
    "let you tell your story",
    "really listened",
    "was interested in you as a whole person",
    "fully understood your concerns",
    "showed care and compassion",
    "was positive",
    "explained things clearly",
    "helped you to take control",
    "made a plan of action with you",
)
RATINGS: Final = (
    (1, "Poor"),
    (2, "Fair"),
    (3, "Good"),
    (4, "Very good"),
    (5, "Excellent"),
    (0, "Does not apply"),
)
MOST_LEFT_OUT: Final = 2
#: The mean of published scores with its 95 % interval: Howick et al. 2017.
PUBLISHED_MEAN: Final = (40.5, 39.2, 41.7)


def score(ratings: Mapping[int, int]) -> float | None:
    """Return the score of ratings by item (1..10), None when too much is missing.

    >>> score({item: 4 for item in range(1, 11)}), score({item: 4 for item in range(1, 9)})
    (40.0, 40.0)
    >>> score({item: 4 for item in range(1, 8)}) is None
    True
    """
    rated = [rating for rating in ratings.values() if rating > 0]
    if len(ITEMS) - len(rated) > MOST_LEFT_OUT:
        return None
    return round(sum(rated) / len(rated) * len(ITEMS), 1)
