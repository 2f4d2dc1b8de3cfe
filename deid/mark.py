"""The machine-readable mark: an XMP packet in a uuid box at the end of an MP4 says what was done to it.

Box: Adobe, "XMP Specification Part 3", 2020, section 1.2.7.1 (MPEG-4). Terms: IPTC NewsCodes, digital source
type, https://cv.iptc.org/newscodes/digitalsourcetype/.
"""

from __future__ import annotations

import re
import struct
from typing import Final

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
 deid:method="{method}" deid:faces="altered"/>
</rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""


def add_mark(path: MediaPath, method: str) -> None:
    """Append the mark to an MP4. Players skip a box that they do not know."""
    packet = _PACKET.format(source_type=SOURCE_TYPES[method], method=method).encode()
    with path.open("ab") as file:
        file.write(struct.pack(">I4s", 8 + len(XMP_UUID) + len(packet), b"uuid") + XMP_UUID + packet)


def read_mark(path: MediaPath) -> str | None:
    """Return the method that a file's mark names, None for a file without a mark."""
    for body in _uuid_boxes(path):
        if body[:16] == XMP_UUID:
            found = re.search(rb'deid:method="([a-z]+)"', body)
            return found.group(1).decode() if found else None
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
