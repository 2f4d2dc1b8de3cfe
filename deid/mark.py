"""The machine-readable mark: an XMP packet in a uuid box at the end of an MP4 says what was done to it, and
which voices can still be heard in it.

Box: Adobe, "XMP Specification Part 3", 2020, section 1.2.7.1 (MPEG-4). Terms: IPTC NewsCodes, digital source
type, https://cv.iptc.org/newscodes/digitalsourcetype/.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from typing import Any, Final

from deid.sound import VOICES
from emotion.media.source import size_of
from emotion.types import MediaPath

XMP_UUID: Final = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
SOURCE_TYPES: Final = {
    "box": "algorithmicallyEnhanced",
    "blur": "algorithmicallyEnhanced",
    "pixelate": "algorithmicallyEnhanced",
    "swap": "compositeSynthetic",
    "avatar": "compositeSynthetic",
}
_LONGEST: Final = 64 * 1024
_PACKET: Final = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
 xmlns:deid="urn:empathy-lab:deid"
 Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/{source_type}"
 deid:method="{method}" deid:faces="altered" deid:sound="{sound}" deid:voices="{voices}"{made_of}/>
</rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""


def add_mark(path: MediaPath, method: str, *, sound: str, look: Mapping[str, Any] | None = None) -> None:
    """Append the mark to an MP4. Players skip a box that they do not know. sound: as name_sound returns it.
    look: as Nobody.record returns it.
    """
    made_of = ""
    if look is not None:
        donors = " ".join(look["members"])
        made_of = f' deid:k="{look["k"]}" deid:contributors="{look["contributors"]}" deid:donors="{donors}"'
    packet = _PACKET.format(
        source_type=SOURCE_TYPES[method], method=method, sound=sound, voices=VOICES[sound], made_of=made_of
    ).encode()
    with path.open("ab") as file:
        file.write(struct.pack(">I4s", 8 + len(XMP_UUID) + len(packet), b"uuid") + XMP_UUID + packet)


def read_mark(path: MediaPath) -> str | None:
    """Return the method that a file's mark names, None for a file without a mark."""
    for body in _uuid_boxes(path):
        if body[:16] == XMP_UUID:
            found = re.search(rb'deid:method="([a-z]+)"', body)
            return found.group(1).decode() if found else None
    return None


def read_heard(path: MediaPath) -> dict[str, str] | None:
    """Return what a file's mark says of its sound and the voices in it, None where it says nothing."""
    for body in _uuid_boxes(path):
        found = re.search(rb'deid:sound="([a-z-]{1,32})" deid:voices="([a-z-]{1,32})"', body)
        if body[:16] == XMP_UUID and found:
            return {"sound": found.group(1).decode(), "voices": found.group(2).decode()}
    return None


def read_look(path: MediaPath) -> dict[str, Any] | None:
    """Return of how many people at least a file's mark says that the face is made, None where it says
    nothing.

    bound: how often at best whoever knows all contributors is right about whose face it is.
    """
    for body in _uuid_boxes(path):
        found = re.search(
            rb'deid:k="(\d{1,4})" deid:contributors="(\d{1,6})" deid:donors="([a-z0-9 -]*)"', body
        )
        if body[:16] == XMP_UUID and found and int(found.group(1)) > 0:
            k, contributors = int(found.group(1)), int(found.group(2))
            donors = found.group(3).decode().split()
            return {"kind": "k-same", "k": k, "contributors": contributors, "donors": donors,
                    "bound": round(1 / k, 4)}  # fmt: skip
    return None


def _uuid_boxes(path: MediaPath) -> list[bytes]:
    boxes = []
    size = size_of(path)
    with path.open("rb") as file:
        at = 0
        while at + 8 <= size:
            file.seek(at)
            length, kind = struct.unpack(">I4s", file.read(8))
            if length == 1:
                (length,) = struct.unpack(">Q", file.read(8))
            if length == 0 or length < 8:
                break
            if kind == b"uuid" and length <= _LONGEST:
                boxes.append(file.read(length - 8))
            at += length
    return boxes
