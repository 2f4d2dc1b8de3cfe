"""Spans of sound that a person marks, because a name or a place is said there: silenced or bleeped over.

A file of spans is JSON; seconds count from the first frame, style is mute (default) or bleep:

    {"spans": [{"start_s": 2.0, "end_s": 3.1}, {"start_s": 8.4, "end_s": 9.0, "style": "bleep"}]}

All other sound stays, and with it the voices, by which people are recognised.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from deid.errors import InvalidSpans
from deid.json_files import read_by_hand
from emotion.speech import spoken_spans
from emotion.types import Float, MediaPath, VideoInfo
from emotion.voice import VoiceDetector

STYLES: Final = ("mute", "bleep")
MOST: Final = 5000  # spans of one recording
RAMP_S: Final = 0.01  # outside of a span, so that nothing of it is heard and nothing clicks
LEAD_IN_US: Final = 2_000_000
BLEEP_HZ: Final = 1000
BLEEP_LEVEL: Final = 0.1  # of full scale, about -20 dB


@dataclass(frozen=True)
class SoundSpan:
    """From when to when, in seconds from the first frame, and what is heard instead."""

    start_s: float
    end_s: float
    style: str = "mute"


def silence_spans(blocks: Iterator[Float], spans: Sequence[SoundSpan], *, rate_hz: int) -> Iterator[Float]:
    """Yield the blocks (N,) float32 mono with every span silenced or bleeped over; none is modified."""
    begun = 0
    for block in blocks:
        time_s = (begun + np.arange(len(block))) / rate_hz
        begun += len(block)
        heard = [one for one in spans if one.start_s - RAMP_S < time_s[-1] and one.end_s + RAMP_S > time_s[0]]
        yield _silence(block, time_s, heard) if heard else block


def _silence(block: Float, time_s: Any, spans: Sequence[SoundSpan]) -> Float:
    kept, bleep = np.ones(len(block)), np.zeros(len(block))
    for one in spans:
        away_s = np.maximum(one.start_s - time_s, time_s - one.end_s)  # negative inside
        np.minimum(kept, np.clip(away_s / RAMP_S, 0, 1), out=kept)
        if one.style == "bleep":
            np.maximum(bleep, np.clip(-away_s / RAMP_S, 0, 1), out=bleep)
    tone = BLEEP_LEVEL * np.sin(2 * np.pi * BLEEP_HZ * time_s)
    return np.asarray(block * kept + tone * bleep, np.float32)


def propose_spans(
    path: MediaPath, weights_dir: Path | None = None, *, start_us: int = 0, end_us: int | None = None
) -> tuple[SoundSpan, ...]:
    """Return where somebody speaks in a recording or a piece of it, for a person to keep what must be
    silenced. What comes before a piece is heard too, so that the network is used to the voices, and a word
    that is too short on either side of the edge is found: a span that reaches into the piece is told whole.

    Raises NoAudioStream, UnreadableVideo, WeightsMissing or WeightsMismatch.
    """
    before_us = max(0, start_us - LEAD_IN_US)
    heard = VoiceDetector(weights_dir).listen(path, start_us=before_us, end_us=end_us)
    found = [
        SoundSpan(round(before_us / 1e6 + begin_s, 2), round(before_us / 1e6 + end_s, 2))
        for begin_s, end_s in spoken_spans(heard)
    ]
    return tuple(one for one in found if one.end_s > start_us / 1e6)


def check_spans(spans: Sequence[SoundSpan], audio: str, video: VideoInfo) -> None:
    """Raise InvalidSpans for spans that would mask nothing: of a recording without sound, of sound that is
    not to be masked, and for one that begins after the recording's end.
    """
    if spans and audio != "mask":
        raise InvalidSpans(f"expected the sound to be masked where spans are marked, got {audio}")
    if spans and not video.has_audio:
        raise InvalidSpans("expected a recording with sound to mark spans in, got one without")
    for at, one in enumerate(spans, 1):
        if one.start_s * 1e6 >= video.duration_us:
            raise InvalidSpans(
                f"span {at}: expected a time within the {video.duration_us / 1e6:.2f} s of the recording, "
                f"got {one.start_s:g} s"
            )


def read_spans(path: Path) -> tuple[SoundSpan, ...]:
    """Return the spans of a file. Raises InvalidSpans for anything that is none."""
    data = read_by_hand(path, "spans", InvalidSpans)
    listed = data.get("spans") if isinstance(data, dict) else None
    if not isinstance(listed, list) or not 0 < len(listed) <= MOST:
        raise InvalidSpans(f'expected {{"spans": [...]}} with 1 to {MOST} spans')
    return tuple(parse_span(one, f"span {at}") for at, one in enumerate(listed, 1))


def parse_span(said: Any, where: str) -> SoundSpan:
    """Return a span from plain values. where: it is, for who wrote it. Raises InvalidSpans."""
    if not isinstance(said, dict) or not {"start_s", "end_s"} <= set(said) <= {"start_s", "end_s", "style"}:
        raise InvalidSpans(f"{where}: expected start_s, end_s and perhaps style, got {said!r:.60}")
    times = [said["start_s"], said["end_s"]]
    if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in times):
        raise InvalidSpans(f"{where}: expected seconds, got {times!r:.60}")
    if not 0 <= times[0] < times[1] <= sys.float_info.max:
        raise InvalidSpans(f"{where}: expected 0 ≤ start_s < end_s, got {times!r:.60}")
    style = said.get("style", STYLES[0])
    if style not in STYLES:
        raise InvalidSpans(f"{where}: expected the style {' or '.join(STYLES)}, got {style!r:.60}")
    return SoundSpan(float(times[0]), float(times[1]), style)
