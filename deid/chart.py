"""One chart of privacy against expression: every audited result of one recording as a point."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deid.errors import NotComparable
from deid.verdict import Thresholds
from emotion.errors import OutputUnwritable

SUFFIXES: Final = (".png", ".svg", ".pdf")
SIZE_INCHES: Final = (7.0, 5.2)
DOTS_PER_INCH: Final = 150
COLOURS: Final = {"pass": "#1B7F5C", "review": "#B88900", "fail": "#B3261E"}
MARKERS: Final = {"pass": "o", "review": "D", "fail": "X"}  # never colour alone


@dataclass(frozen=True)
class Point:
    """One result: the larger share of faces that find their person, and that of seconds classified alike.

    Shares are those of the worst case, None where they were not measured. kept is None also where no face is
    found any more, which is drawn as nothing kept.
    """

    name: str
    risk: float
    chance: float
    kept: float | None
    ceiling: float | None
    verdict: str


def read_point(name: str, path: Path) -> Point:
    """Return the point of a file that `audit --json` printed. Raises NotComparable."""
    try:
        audit = json.loads(path.read_text(encoding="utf-8"))
        return make_point(name, audit)
    except (OSError, ValueError, KeyError, TypeError):
        raise NotComparable(
            f"expected what `python -m deid audit … --json` printed, got {path.name}"
        ) from None


def make_point(name: str, audit: Mapping[str, Any]) -> Point:
    """Return the point of an audit. Raises NotComparable when it had no gallery, KeyError when it is none."""
    privacy, expression = audit["privacy"], audit["expression"]
    if privacy["rank1"] is None:
        raise NotComparable(
            f"expected an audit with --gallery, got {name} without, so that risk is not known"
        )
    return Point(
        name,
        float(privacy["rank1"]),
        float(privacy["rank1_chance"]),
        expression["agreement"],
        expression["control"]["agreement"],
        str(audit["verdict"]),
    )


def draw_chart(points: Sequence[Point], destination: Path, limits: Thresholds | None = None) -> None:
    """Write the chart as PNG, SVG or PDF, by the name. Raises OutputUnwritable."""
    if destination.suffix.lower() not in SUFFIXES or not destination.parent.is_dir():
        raise OutputUnwritable(
            f"expected a file of {', '.join(SUFFIXES)} in an existing folder, got {destination}"
        )
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    limits = limits or Thresholds()
    chance = max(point.chance for point in points)
    figure, axes = pyplot.subplots(figsize=SIZE_INCHES, layout="constrained")
    allowed = chance + limits.rank1_over_chance
    axes.fill_between([0, allowed], limits.agreement, 1.0, color="#1B7F5C", alpha=0.10, linewidth=0)
    axes.text(0.005, 0.985, "within the thresholds", fontsize=8, va="top", color="#1B7F5C")
    axes.axvline(chance, color="#767676", linewidth=1, linestyle=":")
    axes.text(chance, 0.1, " chance", fontsize=8, color="#555555", ha="left", va="bottom")
    ceilings = [point.ceiling for point in points if point.ceiling is not None]
    if ceilings:
        axes.axhline(min(ceilings), color="#767676", linewidth=1, linestyle="--")
        axes.text(1.0, min(ceilings), "encoding alone", fontsize=8, color="#555555", ha="right", va="bottom")
    for point in points:
        axes.scatter(
            point.risk, point.kept or 0.0, s=70, color=COLOURS[point.verdict], marker=MARKERS[point.verdict],
            zorder=3,
        )  # fmt: skip
    for (risk, kept), text in label_points(points).items():
        axes.annotate(text, (risk, kept), textcoords="offset points", xytext=(8, 6), fontsize=9)
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
    axes.set_xlabel("finds the person: share of faces, worst case")
    axes.set_ylabel("expression classified alike: share of seconds, worse model")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(mpl.ticker.PercentFormatter(1.0))
    axes.grid(color="#E5E5E5", linewidth=0.6)
    axes.set_axisbelow(True)
    figure.savefig(destination, dpi=DOTS_PER_INCH)
    pyplot.close(figure)


def label_points(points: Sequence[Point]) -> dict[tuple[float, float], str]:
    """Return what is written at each place; results that coincide share one label, a line each."""
    texts: dict[tuple[float, float], list[str]] = {}
    for point in points:
        kept = "" if point.kept is not None else " (no face found)"
        place = (round(point.risk, 2), round(point.kept or 0.0, 2))
        texts.setdefault(place, []).append(f"{point.name}{kept}: {point.verdict}")
    return {place: "\n".join(lines) for place, lines in texts.items()}
