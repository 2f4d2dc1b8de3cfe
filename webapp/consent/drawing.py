"""A signature drawn by hand: strokes of whole numbers on a pad, kept as drawn, never as a picture file."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, Final

from webapp.core.errors import Invalid

WIDTH: Final = 1000
HEIGHT: Final = 300
MOST_STROKES: Final = 100
MOST_POINTS: Final = 4000
#: Less ink than a tenth of the pad's width is a slip of the hand.
LEAST_INK: Final = WIDTH / 10

Point = list[int]
Stroke = list[Point]


def read_strokes(data: Any) -> list[Stroke]:
    """Return the strokes of a drawing, each a list of [x, y] on the pad. Raises Invalid for anything else."""
    strokes: list[Stroke] = data if _is_list_of(data, _is_stroke) else []
    if not strokes or len(strokes) > MOST_STROKES or sum(map(len, strokes)) > MOST_POINTS:
        raise Invalid("This drawing cannot be read. Clear it and draw again, or type the initials.")
    if ink_of(strokes) < LEAST_INK:
        raise Invalid("This is too little for a signature. Draw it larger, or type the initials.")
    return strokes


def ink_of(strokes: list[Stroke]) -> float:
    """Return the length of all strokes together, in units of the pad.

    >>> ink_of([[[0, 0], [3, 4]], [[9, 9]]])
    5.0
    """
    return sum(math.dist(*pair) for stroke in strokes for pair in pairwise(stroke))


def _is_stroke(value: Any) -> bool:
    return _is_list_of(value, _is_point) and bool(value)


def _is_point(value: Any) -> bool:
    """Whole numbers on the pad; True and False are numbers to Python, but not here."""
    return (
        isinstance(value, list)
        and [type(number) for number in value] == [int, int]
        and 0 <= value[0] <= WIDTH
        and 0 <= value[1] <= HEIGHT
    )


def _is_list_of(value: Any, fits: Any) -> bool:
    return isinstance(value, list) and all(map(fits, value))
