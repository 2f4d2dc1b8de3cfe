"""All versions of one recording as points: how often the person is found against how much is still read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from webapp.deidjobs.cards import percent
from webapp.deidjobs.models import Derivative, Review
from webapp.recordings.models import Recording

LEFT, TOP, WIDTH, HEIGHT = 56, 16, 560, 300
UNREAD_Y: Final = 334.0  # below all shares: where no expression could be read
SAME_PX: Final = 12.0  # points that lie nearer than this share one label


@dataclass(frozen=True)
class Row:
    """A version in the table. risk, kept: shares, None where they were not measured."""

    number: int
    version: Derivative
    review: Review | None
    risk: float | None
    kept: float | None

    @property
    def risk_words(self) -> str:
        return percent(self.risk)

    @property
    def kept_words(self) -> str:
        return percent(self.kept)


@dataclass
class Mark:
    """A point of the chart, in the pixels of its drawing. label: numbers of all versions that lie here."""

    x: float
    y: float
    row: Row
    label: str = ""


@dataclass(frozen=True)
class Chart:
    """What is drawn of one recording. allowed: x and y up to which versions are within the limits."""

    recording: Recording
    marks: list[Mark]
    allowed: tuple[float, float]
    chance_x: float | None
    ceiling_y: float | None
    ticks: list[tuple[str, float, float]] = field(default_factory=list)

    @property
    def has_unread(self) -> bool:
        return any(mark.row.kept is None for mark in self.marks)

    @property
    def allowed_width(self) -> float:
        return round(self.allowed[0] - LEFT, 1)

    @property
    def allowed_height(self) -> float:
        return round(self.allowed[1] - TOP, 1)


def make_rows(versions: Sequence[tuple[Derivative, Review | None]]) -> list[Row]:
    """Return versions, newest first, with a number each that stays when others are made: the oldest is 1."""
    return [
        Row(number, version, review, version.privacy.get("rank1"), version.expression.get("agreement"))
        for number, (version, review) in zip(range(len(versions), 0, -1), versions, strict=True)
    ]


def make_charts(rows: Sequence[Row], limits: dict[str, float]) -> list[Chart]:
    """Return a chart per recording of which at least one version has both shares. limits: of the study.

    Versions without an expression, as behind a mask, stand below the others and not at nothing.
    """
    recordings: dict[Any, list[Row]] = {}
    for row in rows:
        if row.risk is not None:
            recordings.setdefault(row.version.recording_id, []).append(row)
    return [_chart(ours, limits) for ours in recordings.values() if any(row.kept is not None for row in ours)]


def _chart(rows: Sequence[Row], limits: dict[str, float]) -> Chart:
    chances = [row.version.privacy.get("rank1_chance") for row in rows]
    chance = max((one for one in chances if one is not None), default=None)
    controls = [row.version.expression.get("control", {}).get("agreement") for row in rows]
    ceiling = min((one for one in controls if one is not None), default=None)
    marks = [Mark(_x(row.risk or 0.0), _y_of(row), row) for row in rows]
    return Chart(
        rows[0].version.recording,
        _label(marks),
        (_x(min(1.0, (chance or 0.0) + limits["rank1_over_chance"])), _y(limits["agreement"])),
        None if chance is None else _x(chance),
        None if ceiling is None else _y(ceiling),
        [(f"{share}", _x(share / 100), _y(share / 100)) for share in (0, 25, 50, 75, 100)],
    )


def _label(marks: list[Mark]) -> list[Mark]:
    """Write the numbers of points that lie on each other beside the first of them."""
    labelled: list[Mark] = []
    for mark in marks:
        near = next(
            (one for one in labelled if abs(one.x - mark.x) < SAME_PX and abs(one.y - mark.y) < SAME_PX), None
        )
        if near is None:
            mark.label = str(mark.row.number)
            labelled.append(mark)
        else:
            near.label += f", {mark.row.number}"
    return marks


def _y_of(row: Row) -> float:
    return UNREAD_Y if row.kept is None else _y(row.kept)


def _x(share: float) -> float:
    return round(LEFT + share * WIDTH, 1)


def _y(share: float) -> float:
    return round(TOP + (1 - share) * HEIGHT, 1)
