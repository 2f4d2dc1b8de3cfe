"""Readings in words: the same letters, shares and sizes as frontend/static/js/lib writes them."""

from __future__ import annotations

from typing import Any, Final

from django import template

register = template.Library()

NBSP: Final = "\u00a0"
NOT_MEASURED: Final = "not measured"
LETTERS: Final = {
    "anger": "A",
    "disgust": "D",
    "fear": "F",
    "happiness": "H",
    "neutral": "N",
    "sadness": "S",
    "surprise": "U",
}
STATUS_WORDS: Final = {
    "no_face": "no face",
    "low_confidence": "low confidence",
    "irrelevant_face": "someone else’s face",
    "occluded": "face covered",
    "consent_withheld": "consent withheld",
    "not_analysed": "not analysed",
}


@register.filter
def letter(emotion: str) -> str:
    return LETTERS[emotion]


@register.simple_tag
def statuses() -> list[tuple[str, str]]:
    """Return every status a second without a reading can have, with its words."""
    return list(STATUS_WORDS.items())


@register.filter
def statuses_in(lanes: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return the statuses without a reading that occur in any of the lanes, with their words."""
    return [
        (status, words)
        for status, words in STATUS_WORDS.items()
        if any(lane["summary"]["seconds"].get(status) for lane in lanes)
    ]


@register.filter
def with_calibrated(lanes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the label and summary of every lane, and after it those with the resting face as neutral."""
    columns = []
    for lane in lanes:
        columns.append({"label": lane["label"], "summary": lane["summary"]})
        if calibrated := lane.get("calibrated"):
            label = f"{lane['label']}, resting face as neutral"
            columns.append({"label": label, "summary": calibrated["summary"]})
    return columns


@register.filter
def get(values: dict[str, float], key: str) -> float:
    return values.get(key, 0)


@register.filter
def percent(ratio: float) -> str:
    """Return a share in words that rounds neither presence nor absence away.

    >>> [percent(ratio) for ratio in (0, 0.001, 0.5, 0.999, 1)]
    ['0\\xa0%', '<\\xa01\\xa0%', '50\\xa0%', '>\\xa099\\xa0%', '100\\xa0%']
    """
    if 0 < ratio < 0.005:
        return f"<{NBSP}1{NBSP}%"
    if 0.995 < ratio < 1:
        return f">{NBSP}99{NBSP}%"
    return f"{int(ratio * 100 + 0.5)}{NBSP}%"


@register.filter
def share_of(ratio: float | None, total_s: float | None) -> str:
    """Return a share with its denominator.

    >>> share_of(0.8213, 276)
    '82\\xa0% of 276\\xa0s'
    >>> share_of(None, 276)
    'not measured'
    """
    if ratio is None or not total_s:
        return NOT_MEASURED
    return f"{percent(ratio)} of {round(total_s)}{NBSP}s"


@register.filter
def detection_share(summary: dict[str, Any]) -> str:
    """Return the detection rate with the seconds that were to be classified."""
    expected = sum(count for status, count in summary["seconds"].items() if status != "consent_withheld")
    return share_of(summary["detection_rate"], expected)


@register.filter
def emotion_share(summary: dict[str, Any], emotion: str) -> str:
    """Return the share of the classified seconds that a lane's summary gives to an emotion."""
    return share_of(summary["share_by_emotion"].get(emotion), summary["seconds"].get("ok"))


@register.filter
def status_seconds(summary: dict[str, Any], status: str) -> str:
    return f"{summary['seconds'].get(status, 0):g}{NBSP}s"


@register.filter
def size(count: int) -> str:
    """Return bytes in decimal units.

    >>> size(5_242_880)
    '5.2\\xa0MB'
    """
    units = ("B", "kB", "MB", "GB", "TB")
    value, unit = float(count), 0
    while value >= 999.5 and unit < len(units) - 1:
        value, unit = value / 1000, unit + 1
    digits = 0 if unit == 0 or value >= 99.95 else 1
    return f"{value:.{digits}f}{NBSP}{units[unit]}"


@register.filter
def clock(seconds: float | None) -> str:
    """Return seconds as a clock shows them.

    >>> clock(3661.5), clock(62)
    ('1:01:01', '1:02')
    """
    if seconds is None:
        return "–"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
