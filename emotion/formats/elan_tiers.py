"""Seconds of a timeline as tiers of an ELAN document, and tiers as one label per second."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from emotion.conclude import EncounterAnalysis
from emotion.formats.elan import UNDATED, Annotation, ElanDocument, Media, Tier
from emotion.labels import EMOTIONS, STATUSES
from emotion.types import Second

SECOND_MS: Final = 1000
CONTAINERS: Final = {
    ".webm": "video/webm",
    ".mov": "video/quicktime",
    ".mpg": "video/mpeg",
    ".avi": "video/x-msvideo",
}


def encounter_document(analysis: EncounterAnalysis, *, author: str = "", date: str = UNDATED) -> ElanDocument:
    """Return an encounter with two tiers per camera: expressions as classified, and what was seen.

    Time 0 is where the last of the cameras began, as ELAN can cut a recording's start off but not precede
    it; what only one camera saw before that is left out. ELAN cannot stretch a recording, so a drift between
    the cameras shows in its pictures (a tenth of a second in half an hour at 50 ppm) but not in the tiers.
    """
    zero_ms = max([round(camera.offset_us / 1000) for camera in analysis.cameras], default=0)
    tiers: list[Tier] = []
    for camera in analysis.cameras:
        tiers.append(expression_tier(camera.rows, name=f"{camera.camera} expression", zero_ms=zero_ms))
        tiers.append(status_tier(camera.rows, name=f"{camera.camera} seen", zero_ms=zero_ms))
    media = tuple(
        Media(
            camera.video.path.name,
            CONTAINERS.get(camera.video.path.suffix.lower(), "video/mp4"),
            zero_ms - round(camera.offset_us / 1000),
        )
        for camera in analysis.cameras
    )
    return ElanDocument(tuple(tiers), media, author, date)


def expression_tier(rows: Sequence[Second], *, name: str, zero_ms: int = 0) -> Tier:
    """Return an annotation for every run of seconds classified as one emotion; other seconds are empty.

    zero_ms: the encounter's time at time 0 of the tier.
    """
    labels = [(row.second, row.emotion) for row in rows if row.status == "ok" and row.emotion is not None]
    return Tier(name, tuple(_runs(labels, zero_ms)), _role(rows), vocabulary=EMOTIONS)


def status_tier(rows: Sequence[Second], *, name: str, zero_ms: int = 0) -> Tier:
    """Return an annotation for every run of seconds with one status."""
    return Tier(
        name,
        tuple(_runs([(row.second, row.status) for row in rows], zero_ms)),
        _role(rows),
        vocabulary=STATUSES,
    )


def labels_by_second(tier: Tier, *, zero_ms: int = 0) -> dict[int, str]:
    """Return the label of each second that annotations cover by half or more; the longest one wins.

    >>> labels_by_second(Tier("t", (Annotation(0, 1400, "anger"), Annotation(1400, 2600, "neutral"))))
    {0: 'anger', 1: 'neutral', 2: 'neutral'}
    """
    covered: dict[int, dict[str, int]] = {}
    for one in tier.annotations:
        start, end = one.start_ms + zero_ms, one.end_ms + zero_ms
        for second in range(start // SECOND_MS, -(-end // SECOND_MS)):
            overlap = min(end, (second + 1) * SECOND_MS) - max(start, second * SECOND_MS)
            within = covered.setdefault(second, {})
            within[one.value] = within.get(one.value, 0) + overlap
    return {
        second: max(within, key=lambda value: within[value])
        for second, within in sorted(covered.items())
        if 2 * sum(within.values()) >= SECOND_MS
    }


def _runs(labels: Sequence[tuple[int, str]], zero_ms: int) -> Iterator[Annotation]:
    """Yield one annotation per run of neighbouring seconds with one label, from time 0 on."""
    numbered = enumerate(labels)
    for (label, _), group in groupby(numbered, key=lambda item: (item[1][1], item[1][0] - item[0])):
        seconds = [second for _, (second, _) in group]
        start = max(0, seconds[0] * SECOND_MS - zero_ms)
        end = (seconds[-1] + 1) * SECOND_MS - zero_ms
        if end > start:
            yield Annotation(start, end, label)


def _role(rows: Sequence[Second]) -> str:
    return rows[0].role if rows else ""
