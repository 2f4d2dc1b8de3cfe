"""ELAN annotation files (.eaf) as values: tiers of labelled intervals in milliseconds, beside recordings.

Format: EAF 3.0, the schema EAFv3.0.xsd of the Max Planck Institute for Psycholinguistics.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

UNDATED: Final = "1970-01-01T00:00:00Z"  # the schema wants a date, and the same input the same bytes


@dataclass(frozen=True)
class Annotation:
    """A label from start_ms up to end_ms. Raises ValueError for an empty or negative interval."""

    start_ms: int
    end_ms: int
    value: str

    def __post_init__(self) -> None:
        if not 0 <= self.start_ms < self.end_ms:
            raise ValueError(f"expected 0 <= start < end, got {self.start_ms} to {self.end_ms} ms")
        _check_text(self.value)


@dataclass(frozen=True)
class Tier:
    """Annotations in the order of time that do not overlap; vocabulary: the labels to choose from, if any."""

    name: str
    annotations: tuple[Annotation, ...]
    participant: str = ""
    annotator: str = ""
    vocabulary: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for text in (self.name, self.participant, self.annotator, *self.vocabulary):
            _check_text(text)
        for earlier, later in pairwise(self.annotations):
            if later.start_ms < earlier.end_ms:
                raise ValueError(
                    f"expected annotations of {self.name!r} in order and apart, got {earlier} and {later}"
                )


@dataclass(frozen=True)
class Media:
    """A recording next to the .eaf file. origin_ms: its own time at time 0 of the annotations."""

    file_name: str
    mime_type: str = "video/mp4"
    origin_ms: int = 0


@dataclass(frozen=True)
class ElanDocument:
    """Tiers with names of their own, and the recordings they belong to. date: ISO 8601."""

    tiers: tuple[Tier, ...]
    media: tuple[Media, ...] = ()
    author: str = ""
    date: str = UNDATED

    def __post_init__(self) -> None:
        names = [tier.name for tier in self.tiers]
        if len(set(names)) != len(names):
            raise ValueError(f"expected tiers with names of their own, got {names}")


def _check_text(text: str) -> None:
    """Raise ValueError for characters that XML 1.0 cannot hold or changes when read back."""
    for character in text:
        code = ord(character)
        allowed = code in (0x9, 0xA) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code > 0xFFFF
        if not allowed:
            raise ValueError(f"expected text that XML can hold, got the character U+{code:04X}")
