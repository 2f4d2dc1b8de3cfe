"""Spans of sound that people mark: checked, proposed, and the sound drawn in which they are marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings

from webapp.core.encrypted_path import StoredFile
from webapp.core.errors import Invalid
from webapp.engines.translating import translated
from webapp.engines.values import SECOND_US, Span

if TYPE_CHECKING:
    from deid.spans import SoundSpan

MARKED: Final = "spans"  # the sound of which marked spans alone are masked
STEP_US: Final = 20_000
MOST_STEPS: Final = 200_000


@dataclass(frozen=True)
class Sound:
    """How loud a recording is in each step from the first frame on, 0 to 255. delay_us: by how much a player
    counts the first frame later.
    """

    step_us: int
    levels: list[int]
    delay_us: int


def check_span(start_us: int, end_us: int, style: str, *, duration_us: int) -> Span:
    """Return a span of a recording. Raises Invalid."""
    from deid.errors import InvalidSpans

    try:
        span((start_us, end_us, style))
    except InvalidSpans as error:
        raise Invalid(str(error)) from error
    if start_us >= duration_us:
        raise Invalid("A span begins after the end of the recording.")
    return start_us, end_us, style


def span(one: Any) -> SoundSpan:
    """Return a span as the library knows it. Raises InvalidSpans."""
    from deid.spans import parse_span

    start_us, end_us, style = one
    said = {"start_s": start_us / SECOND_US, "end_s": end_us / SECOND_US, "style": style}
    return parse_span(said, "span")


def propose_spans(source: StoredFile, *, start_us: int, end_us: int) -> list[tuple[int, int]]:
    """Return from when to when somebody speaks in a piece of a recording. Raises AppError without sound."""
    from deid import spans

    with translated():
        found = spans.propose_spans(source, settings.WEIGHTS_DIR, start_us=start_us, end_us=end_us)
    return [(round(one.start_s * SECOND_US), round(one.end_s * SECOND_US)) for one in found]


def draw_sound(source: StoredFile, *, duration_us: int) -> Sound:
    """Return how loud a recording is over time. Raises AppError without sound."""
    from emotion.media import picture_delay_us, read_peaks

    step_us = STEP_US * max(1, -(-duration_us // (MOST_STEPS * STEP_US)))
    with translated():
        peaks = read_peaks(source, step_us=step_us, end_us=duration_us)
        return Sound(step_us, [round(255 * float(one)) for one in peaks], picture_delay_us(source))
