""".eaf files -> ELAN documents.

A file with a document type is refused before anything in it is expanded, so no file can make the reader open
another one or grow without bounds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import Final, NoReturn
from xml.etree import ElementTree
from xml.parsers import expat

from emotion.errors import UnreadableTable
from emotion.formats.elan import Annotation, ElanDocument, Media, Tier

MAX_BYTES: Final = 64 * 1024 * 1024


def read_eaf(path: Path) -> ElanDocument:
    """Return tiers and recordings of an .eaf file.

    Annotations that refer to others take their time; several of one share it out evenly. Raises
    UnreadableTable for what is no such file, has a document type or gives an annotation no time.
    """
    root = _parse(path)
    slots = {
        slot.get("TIME_SLOT_ID", ""): slot.get("TIME_VALUE") for slot in root.iterfind("TIME_ORDER/TIME_SLOT")
    }
    vocabularies = _vocabularies(root)
    try:
        times = _times(root, slots, path.name)
        return ElanDocument(
            tiers=tuple(_tier(element, times, vocabularies) for element in root.iterfind("TIER")),
            media=tuple(_media(element) for element in root.iterfind("HEADER/MEDIA_DESCRIPTOR")),
            author=root.get("AUTHOR", ""),
            date=root.get("DATE", ""),
        )
    except ValueError as error:
        raise UnreadableTable(f"{path.name}: {error}.") from error


def _parse(path: Path) -> ElementTree.Element:
    """Return the root of an EAF document, refusing a document type at its first character."""
    builder = ElementTree.TreeBuilder()
    parser = expat.ParserCreate()
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data

    def refuse(*_: object) -> NoReturn:
        raise UnreadableTable(f"{path.name}: expected an .eaf file without a document type, got one with it.")

    parser.StartDoctypeDeclHandler = refuse
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UnreadableTable(f"{path.name}: expected at most {MAX_BYTES} bytes.")
        parser.Parse(path.read_bytes(), True)
    except (OSError, expat.ExpatError) as error:
        raise UnreadableTable(f"{path.name}: expected a readable .eaf file ({error}).") from error
    root = builder.close()
    if root.tag != "ANNOTATION_DOCUMENT":
        raise UnreadableTable(f"{path.name}: expected an ANNOTATION_DOCUMENT, got {root.tag!r}.")
    return root


def _times(
    root: ElementTree.Element, slots: dict[str, str | None], source: str
) -> dict[str, tuple[int, int]]:
    """Return start and end by annotation id, those of referring annotations last."""
    times = {
        one.get("ANNOTATION_ID", ""): (
            _slot(slots, one.get("TIME_SLOT_REF1", ""), source),
            _slot(slots, one.get("TIME_SLOT_REF2", ""), source),
        )
        for one in root.iterfind("TIER/ANNOTATION/ALIGNABLE_ANNOTATION")
    }
    waiting = [list(tier.iterfind("ANNOTATION/REF_ANNOTATION")) for tier in root.iterfind("TIER")]
    while any(waiting):
        ready = [refs for refs in waiting if all(one.get("ANNOTATION_REF", "") in times for one in refs)]
        if not any(ready):
            missing = next(one.get("ANNOTATION_REF", "") for refs in waiting for one in refs)
            raise UnreadableTable(f"{source}: expected an annotation {missing!r}, which is missing.")
        for refs in ready:
            times.update(_shared_times(refs, times))
        waiting = [refs for refs in waiting if refs not in ready]
    return times


def _shared_times(
    refs: Sequence[ElementTree.Element], times: dict[str, tuple[int, int]]
) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield ids and times of referring annotations of a tier, each parent's time shared out evenly."""
    for parent, group in groupby(refs, key=lambda one: one.get("ANNOTATION_REF", "")):
        children = list(group)
        start, end = times[parent]
        edges = [start + (end - start) * part // len(children) for part in range(len(children) + 1)]
        for child, edge in zip(children, pairwise(edges), strict=True):
            yield child.get("ANNOTATION_ID", ""), edge


def _slot(slots: dict[str, str | None], name: str, source: str) -> int:
    value = slots.get(name)
    if value is None or not value.isdigit():
        raise UnreadableTable(
            f"{source}: expected a time for slot {name!r}; align it in ELAN and save again."
        )
    return int(value)


def _tier(
    element: ElementTree.Element,
    times: dict[str, tuple[int, int]],
    vocabularies: dict[str, tuple[str, ...]],
) -> Tier:
    found = [
        Annotation(*times[one.get("ANNOTATION_ID", "")], one.findtext("ANNOTATION_VALUE", ""))
        for kind in ("ALIGNABLE_ANNOTATION", "REF_ANNOTATION")
        for one in element.iterfind(f"ANNOTATION/{kind}")
    ]
    return Tier(
        name=element.get("TIER_ID", ""),
        annotations=tuple(sorted(found, key=lambda one: one.start_ms)),
        participant=element.get("PARTICIPANT", ""),
        annotator=element.get("ANNOTATOR", ""),
        vocabulary=vocabularies.get(element.get("LINGUISTIC_TYPE_REF", ""), ()),
    )


def _vocabularies(root: ElementTree.Element) -> dict[str, tuple[str, ...]]:
    """Return the labels to choose from by linguistic type; entries of EAF 2.7 and older count as well."""
    labels = {
        one.get("CV_ID", ""): tuple(
            entry.findtext("CVE_VALUE", "") if entry.tag == "CV_ENTRY_ML" else entry.text or ""
            for entry in one
            if entry.tag in ("CV_ENTRY_ML", "CV_ENTRY")
        )
        for one in root.iterfind("CONTROLLED_VOCABULARY")
    }
    return {
        one.get("LINGUISTIC_TYPE_ID", ""): labels.get(one.get("CONTROLLED_VOCABULARY_REF", ""), ())
        for one in root.iterfind("LINGUISTIC_TYPE")
    }


def _media(element: ElementTree.Element) -> Media:
    url = element.get("RELATIVE_MEDIA_URL") or element.get("MEDIA_URL") or ""
    name = url.replace("\\", "/").rpartition("/")[2]
    return Media(name, element.get("MIME_TYPE", ""), int(element.get("TIME_ORIGIN") or 0))
