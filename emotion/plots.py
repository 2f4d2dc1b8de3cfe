"""Timelines as SVG text: seven lanes, the leading expression, valence and arousal, detection; no script, no
library.

Colours come from the style sheet of the page (classes e-anger … e-surprise, s-no_face …), so that one drawing
is right in light, dark and print. Nothing is drawn where nothing is known: a gap stays a gap.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Final

from emotion.labels import EMOTIONS
from emotion.timeline import valence_arousal
from emotion.types import Second

KEYS: Final = dict(zip(EMOTIONS, "ADFHNSU", strict=True))
SHAPES: Final = {
    "anger": '<path d="M0-5 5 4-5 4Z"/>',
    "disgust": '<path d="M0-5.2 4.9-1.6 3 4.2-3 4.2-4.9-1.6Z"/>',
    "fear": '<path d="M0 5 5-4-5-4Z"/>',
    "happiness": '<circle r="4.6"/>',
    "neutral": '<rect x="-5.5" y="-1.6" width="11" height="3.2" rx="1"/>',
    "sadness": '<rect x="-4.2" y="-4.2" width="8.4" height="8.4"/>',
    "surprise": '<path d="M0-5.6 5 0 0 5.6-5 0Z"/>',
}
STATUS_WORDS: Final = {
    "ok": "classified",
    "no_face": "no face",
    "low_confidence": "face found, not clear enough",
    "irrelevant_face": "only another person's face",
    "occluded": "face covered",
    "consent_withheld": "consent withheld",
    "not_analysed": "not analysed",
}
WIDTH: Final = 1000
LEFT: Final = 118
RIGHT: Final = 12
MAX_COLUMNS: Final = 600
TICKS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800)
LETTER_PX: Final = 11
RIBBON, LANE, AFFECT, STRIP, AXIS, GAP = 24, 34, 52, 16, 22, 7


@dataclass(frozen=True)
class Column:
    """What is drawn over `width` seconds from `second` on. probs is empty where no second was classified."""

    second: int
    width: int
    status: str
    probs: tuple[float, ...]
    sampled: int
    detected: int

    @property
    def emotion(self) -> str | None:
        return EMOTIONS[self.probs.index(max(self.probs))] if self.probs else None


@dataclass(frozen=True)
class Scale:
    """Seconds of the encounter's clock to horizontal pixels."""

    first: int
    past: int

    def x(self, second: float) -> float:
        return LEFT + (second - self.first) * (WIDTH - LEFT - RIGHT) / (self.past - self.first)


def gather_columns(rows: Sequence[Second], *, max_columns: int = MAX_COLUMNS) -> list[Column]:
    """Return one column per second, or per few seconds of a long recording: means of the classified ones.

    The status of a column is "ok" when any of its seconds is, else its most frequent one.
    """
    if not rows:
        return []
    width = seconds_per_column(len(rows), max_columns=max_columns)
    groups = groupby(rows, key=lambda row: (row.second - rows[0].second) // width)
    return [_gather([*group], rows[0].second + number * width, width) for number, group in groups]


def seconds_per_column(count: int, *, max_columns: int = MAX_COLUMNS) -> int:
    """Return how many seconds share a column so that no more than max_columns are drawn.

    >>> seconds_per_column(600), seconds_per_column(3600)
    (1, 6)
    """
    return max(1, math.ceil(count / max_columns))


def clock(second: int) -> str:
    """Return a time as a person reads it.

    >>> clock(7), clock(3671), clock(-5)
    ('0:07', '1:01:11', '−0:05')
    """
    minutes, seconds = divmod(abs(second), 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
    return f"−{text}" if second < 0 else text


def draw_shape(emotion: str, x: float, y: float) -> str:
    """Return the shape that stands for an emotion, centred."""
    return f'<g class="e-{emotion}" transform="translate({x:g} {y:g})">{SHAPES[emotion]}</g>'


def draw_timeline(columns: Sequence[Column], scale: Scale, *, label: str) -> str:
    """Return the SVG of one person: expression, seven lanes, valence and arousal, detection, time."""
    parts: list[str] = []
    top = 0.0
    lanes_top = top + RIBBON + GAP
    affect_top = lanes_top + len(EMOTIONS) * (LANE + 2) + GAP
    strip_top = affect_top + AFFECT + GAP
    bottom = strip_top + STRIP
    parts.append(_draw_grid(scale, 0, bottom))
    parts.append(_draw_ribbon(columns, scale, top))
    for number, emotion in enumerate(EMOTIONS):
        parts.append(_draw_lane(columns, scale, lanes_top + number * (LANE + 2), emotion))
    parts.append(_draw_affect(columns, scale, affect_top))
    parts.append(_draw_detection(columns, scale, strip_top))
    height = bottom + AXIS
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{escape(label, quote=True)}">'
        f"{''.join(parts)}</svg>"
    )


def _gather(rows: list[Second], second: int, width: int) -> Column:
    judged = [row for row in rows if row.status == "ok"]
    probs = tuple(sum(values) / len(judged) for values in zip(*(row.probs for row in judged), strict=True))
    status = "ok" if judged else Counter(row.status for row in rows).most_common(1)[0][0]
    return Column(
        second,
        width,
        status,
        probs,
        sum(row.frames_sampled for row in rows),
        sum(row.frames_detected for row in rows),
    )


def _draw_grid(scale: Scale, top: float, bottom: float) -> str:
    step = next(
        (
            step
            for step in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600)
            if (scale.past - scale.first) / step <= 16
        ),
        1800,
    )
    first = -(-scale.first // step) * step
    marks = []
    for second in range(first, scale.past + 1, step):
        x = scale.x(second)
        marks.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{top:g}" y2="{bottom + 4:g}"/>')
        anchor = "end" if x > WIDTH - RIGHT - 12 else "middle"
        marks.append(
            f'<text class="tick" x="{x:.1f}" y="{bottom + 17:g}" text-anchor="{anchor}">'
            f"{clock(second)}</text>"
        )
    return "".join(marks)


def _draw_ribbon(columns: Sequence[Column], scale: Scale, top: float) -> str:
    parts = [_label("classified as", top + RIBBON / 2)]
    for column in columns:
        x, width = scale.x(column.second), scale.x(column.second + column.width) - scale.x(column.second)
        kind = f"e-{column.emotion}" if column.emotion else f"s-{column.status}"
        parts.append(
            f'<g><title>{escape(_describe(column))}</title><rect class="{kind}" x="{x:.2f}" y="{top:g}" '
            f'width="{width - (1 if width > 4 else 0):.2f}" height="{RIBBON}"/></g>'
        )
    middle = top + RIBBON / 2 + 4
    for start, past, emotion in _letter_spans(columns, scale):
        x = (scale.x(start) + scale.x(past)) / 2
        parts.append(f'<text class="key" x="{x:.1f}" y="{middle:g}">{KEYS[emotion]}</text>')
    return "".join(parts)


def _letter_spans(columns: Sequence[Column], scale: Scale) -> Iterator[tuple[int, int, str]]:
    """Yield from, to and emotion of what gets a letter: each column with room for it, else each run."""
    for emotion, group in groupby(columns, key=lambda column: column.emotion):
        run = [*group]
        roomy = scale.x(run[0].width) - scale.x(0) >= LETTER_PX
        for part in [[column] for column in run] if roomy else [run]:
            start, past = part[0].second, part[-1].second + part[-1].width
            if emotion is not None and scale.x(past) - scale.x(start) >= LETTER_PX:
                yield start, past, emotion


def _describe(column: Column) -> str:
    when = (
        clock(column.second)
        if column.width == 1
        else f"{clock(column.second)}–{clock(column.second + column.width)}"
    )
    if column.emotion is None:
        return f"{when}: {STATUS_WORDS[column.status]}"
    return f"{when}: expression classified as {column.emotion} ({max(column.probs):.0%})"


def _draw_lane(columns: Sequence[Column], scale: Scale, top: float, emotion: str) -> str:
    position = EMOTIONS.index(emotion)
    base = top + LANE
    parts = [
        draw_shape(emotion, 10, top + LANE / 2),
        f'<text class="name" x="22" y="{top + LANE / 2 + 4:g}">{emotion}</text>',
        f'<text class="letter" x="{LEFT - 12}" y="{top + LANE / 2 + 4:g}">{KEYS[emotion]}</text>',
        f'<line class="base" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{base:g}" y2="{base:g}"/>',
    ]
    for run in _runs(columns):
        values = [column.probs[position] for column in run]
        edge = _steps(run, values, scale, base, LANE - 4)
        left, right = scale.x(run[0].second), scale.x(run[-1].second + run[-1].width)
        outline = " ".join(edge)
        parts.append(
            f'<path class="area e-{emotion}" d="M{left:.2f} {base:g} {outline} L{right:.2f} {base:g}Z"/>'
            f'<path class="edge e-{emotion}" d="M{edge[0][1:]} {" ".join(edge[1:])}"/>'
        )
    return "".join(parts)


def _draw_affect(columns: Sequence[Column], scale: Scale, top: float) -> str:
    middle, half = top + AFFECT / 2, AFFECT / 2
    parts = [
        f'<text class="name" x="4" y="{middle - 3:g}">valence</text>'
        f'<line class="valence" x1="60" x2="84" y1="{middle - 7:g}" y2="{middle - 7:g}"/>',
        f'<text class="name" x="4" y="{middle + 13:g}">arousal</text>'
        f'<line class="arousal" x1="60" x2="84" y1="{middle + 9:g}" y2="{middle + 9:g}"/>',
        f'<text class="tick" x="{LEFT - 6}" y="{top + 9:g}" text-anchor="end">+1</text>'
        f'<text class="tick" x="{LEFT - 6}" y="{top + AFFECT:g}" text-anchor="end">−1</text>',
        f'<rect class="frame" x="{LEFT}" y="{top:g}" width="{WIDTH - RIGHT - LEFT}" height="{AFFECT}"/>'
        f'<line class="base" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{middle:g}" y2="{middle:g}"/>',
    ]
    for run in _runs(columns):
        pairs = [valence_arousal(column.probs) for column in run]
        for kind, values in zip(
            ("arousal", "valence"), ([b for _, b in pairs], [a for a, _ in pairs]), strict=True
        ):
            edge = _steps(run, values, scale, middle, half)
            parts.append(f'<path class="{kind}" d="M{edge[0][1:]} {" ".join(edge[1:])}"/>')
    return "".join(parts)


def _draw_detection(columns: Sequence[Column], scale: Scale, top: float) -> str:
    parts = [_label("face found", top + STRIP / 2)]
    for column in columns:
        x, width = scale.x(column.second), scale.x(column.second + column.width) - scale.x(column.second)
        share = column.detected / column.sampled if column.sampled else 0.0
        height = STRIP * share
        title = f"{_describe(column)}; face found in {column.detected} of {column.sampled} sampled frames"
        parts.append(
            f"<g><title>{escape(title)}</title>"
            f'<rect class="s-{column.status}" x="{x:.2f}" y="{top:g}" width="{width:.2f}" height="{STRIP}"/>'
            f'<rect class="found" x="{x:.2f}" y="{top + STRIP - height:.2f}" width="{width:.2f}" '
            f'height="{height:.2f}"/></g>'
        )
    return "".join(parts)


def _label(text: str, middle: float) -> str:
    return f'<text class="name" x="4" y="{middle + 4:g}">{text}</text>'


def _runs(columns: Sequence[Column]) -> list[list[Column]]:
    """Return the stretches of neighbouring columns that have something to draw."""
    return [[*group] for known, group in groupby(columns, key=lambda column: bool(column.probs)) if known]


def _steps(
    run: Sequence[Column], values: Sequence[float], scale: Scale, base: float, unit: float
) -> list[str]:
    """Return path commands from left to right: a level for the length of each column."""
    commands = []
    for column, value in zip(run, values, strict=True):
        y = base - value * unit
        commands.append(f"L{scale.x(column.second):.2f} {y:.2f}")
        commands.append(f"L{scale.x(column.second + column.width):.2f} {y:.2f}")
    return commands
