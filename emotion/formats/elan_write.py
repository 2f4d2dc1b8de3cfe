"""ELAN documents -> .eaf files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from emotion.formats.elan import ElanDocument, Media, Tier

SCHEMA: Final = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
SCHEMA_INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"
FORMAT: Final = "3.0"
UNDETERMINED: Final = {
    "LANG_DEF": "http://cdb.iso.org/lg/CDB-00130975-001",
    "LANG_ID": "und",
    "LANG_LABEL": "undetermined (und)",
}


def write_eaf(document: ElanDocument, destination: Path) -> None:
    """Write a document that ELAN 6 opens; the same document gives the same bytes."""
    root = ElementTree.Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": document.author,
            "DATE": document.date,
            "FORMAT": FORMAT,
            "VERSION": FORMAT,
            "xmlns:xsi": SCHEMA_INSTANCE,
            "xsi:noNamespaceSchemaLocation": SCHEMA,
        },
    )
    _add_header(root, document.media)
    _add_tiers(root, document.tiers)
    _add_types(root, document.tiers)
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(destination, encoding="utf-8", xml_declaration=True)


def _add_header(root: ElementTree.Element, media: Sequence[Media]) -> None:
    header = ElementTree.SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    for one in media:
        attributes = {
            "MEDIA_URL": f"./{one.file_name}",
            "MIME_TYPE": one.mime_type,
            "RELATIVE_MEDIA_URL": f"./{one.file_name}",
        }
        if one.origin_ms:
            attributes["TIME_ORIGIN"] = str(one.origin_ms)
        ElementTree.SubElement(header, "MEDIA_DESCRIPTOR", attributes)


def _add_tiers(root: ElementTree.Element, tiers: Sequence[Tier]) -> None:
    order = ElementTree.SubElement(root, "TIME_ORDER")
    times = sorted(
        {time for tier in tiers for one in tier.annotations for time in (one.start_ms, one.end_ms)}
    )
    slots = {time: f"ts{number}" for number, time in enumerate(times, 1)}
    for time, slot in slots.items():
        ElementTree.SubElement(order, "TIME_SLOT", {"TIME_SLOT_ID": slot, "TIME_VALUE": str(time)})
    number = 0
    for at, tier in enumerate(tiers):
        element = ElementTree.SubElement(root, "TIER", {"LINGUISTIC_TYPE_REF": _type_name(at, tier)})
        element.attrib |= {"TIER_ID": tier.name}
        element.attrib |= {"PARTICIPANT": tier.participant} if tier.participant else {}
        element.attrib |= {"ANNOTATOR": tier.annotator} if tier.annotator else {}
        for one in tier.annotations:
            number += 1
            wrapper = ElementTree.SubElement(element, "ANNOTATION")
            attributes = {
                "ANNOTATION_ID": f"a{number}",
                "TIME_SLOT_REF1": slots[one.start_ms],
                "TIME_SLOT_REF2": slots[one.end_ms],
            }
            aligned = ElementTree.SubElement(wrapper, "ALIGNABLE_ANNOTATION", attributes)
            ElementTree.SubElement(aligned, "ANNOTATION_VALUE").text = one.value


def _add_types(root: ElementTree.Element, tiers: Sequence[Tier]) -> None:
    types: dict[str, dict[str, str]] = {}
    for at, tier in enumerate(tiers):
        attributes = {"GRAPHIC_REFERENCES": "false", "LINGUISTIC_TYPE_ID": _type_name(at, tier)}
        attributes |= {"TIME_ALIGNABLE": "true"}
        attributes |= {"CONTROLLED_VOCABULARY_REF": f"labels-{at}"} if tier.vocabulary else {}
        types[_type_name(at, tier)] = attributes
    for attributes in types.values():
        ElementTree.SubElement(root, "LINGUISTIC_TYPE", attributes)
    if any(tier.vocabulary for tier in tiers):
        ElementTree.SubElement(root, "LANGUAGE", UNDETERMINED)
    for at, tier in enumerate(tiers):
        if tier.vocabulary:
            _add_vocabulary(root, f"labels-{at}", tier.vocabulary)


def _add_vocabulary(root: ElementTree.Element, name: str, labels: Sequence[str]) -> None:
    vocabulary = ElementTree.SubElement(root, "CONTROLLED_VOCABULARY", {"CV_ID": name})
    ElementTree.SubElement(vocabulary, "DESCRIPTION", {"LANG_REF": "und"})
    for number, label in enumerate(labels):
        entry = ElementTree.SubElement(vocabulary, "CV_ENTRY_ML", {"CVE_ID": f"{name}-{number}"})
        attributes = {"DESCRIPTION": "", "LANG_REF": "und"}
        ElementTree.SubElement(entry, "CVE_VALUE", attributes).text = label


def _type_name(at: int, tier: Tier) -> str:
    return f"type-{at}" if tier.vocabulary else "default-lt"
