"""File names and types as browsers send them: cleaned for display, checked against what is accepted."""

from __future__ import annotations

import unicodedata
from typing import Final

from webapp.core.errors import UnsupportedType

MAX_NAME = 120
ACCEPTED: Final = {
    ".mp4": {"video/mp4"},
    ".m4v": {"video/mp4", "video/x-m4v"},
    ".mov": {"video/quicktime", "video/mp4"},
    ".webm": {"video/webm"},
    ".mkv": {"video/x-matroska", "video/matroska"},
    ".avi": {"video/x-msvideo", "video/avi", "video/vnd.avi"},
    ".mts": {"video/mp2t", "model/vnd.mts", "video/vnd.dlna.mpeg-tts"},
}
UNKNOWN_TYPES: Final = {"", "application/octet-stream"}


def clean_name(name: str) -> str:
    """Return a name that is safe to show: without path, control and direction characters, at most MAX_NAME
    long.

    >>> clean_name("../../etc/pass\\u202ewd\\x00.mp4")
    'passwd.mp4'
    >>> clean_name("   ")
    'unnamed'
    """
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(
        char for char in last if unicodedata.category(char)[0] not in "C" and char not in "\u2028\u2029"
    )
    kept = " ".join(kept.split()) or "unnamed"
    if len(kept) <= MAX_NAME:
        return kept
    stem, dot, suffix = kept.rpartition(".")
    tail = dot + suffix if stem and len(suffix) < 8 else ""
    return kept[: MAX_NAME - len(tail)] + tail


def accepted_suffix(name: str, content_type: str) -> str:
    """Return the suffix of a name that may be a video. Raises UnsupportedType for a wrong suffix or type."""
    dot = name.rfind(".")
    suffix = name[dot:].lower() if dot >= 0 else ""
    if suffix not in ACCEPTED:
        raise UnsupportedType(
            f"Expected a video file ({', '.join(sorted(ACCEPTED))}), got “{clean_name(suffix or name)}”. "
            "Choose the camera's file."
        )
    declared = content_type.split(";", maxsplit=1)[0].strip().lower()
    if declared not in ACCEPTED[suffix] | UNKNOWN_TYPES:
        raise UnsupportedType(f"Expected a video, but the browser calls this file “{declared[:60]}”.")
    return suffix
