from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.conclude import conclude_camera, conclude_encounter
from emotion.errors import UnreadableTable
from emotion.formats.elan import Annotation, ElanDocument, Media, Tier
from emotion.formats.elan_read import read_eaf
from emotion.formats.elan_tiers import encounter_document, expression_tier, labels_by_second, status_tier
from emotion.formats.elan_write import write_eaf
from emotion.labels import EMOTIONS
from emotion.samples import FaceSamples
from emotion.sync import Sync
from emotion.types import VideoInfo
from tests.emotion.seconds import spell

#: As ELAN writes it: slots shared and out of order, a referring tier, a vocabulary, a second recording.
BY_HAND = """\
<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="bob" DATE="2026-03-02T10:00:00+01:00" FORMAT="3.0" VERSION="3.0"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">
  <LICENSE LICENSE_URL=""/>
  <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">
    <MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/study/d.mp4" MIME_TYPE="video/mp4" RELATIVE_MEDIA_URL="./d.mp4"/>
    <MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/study/p.mp4" MIME_TYPE="video/mp4" TIME_ORIGIN="640"/>
    <PROPERTY NAME="lastUsedAnnotationId">5</PROPERTY>
  </HEADER>
  <TIME_ORDER>
    <TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="0"/>
    <TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="4000"/>
    <TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="1500"/>
  </TIME_ORDER>
  <TIER LINGUISTIC_TYPE_REF="emotion" PARTICIPANT="patient" ANNOTATOR="bob" TIER_ID="expression">
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts2" TIME_SLOT_REF2="ts3">
      <ANNOTATION_VALUE>sadness</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
      <ANNOTATION_VALUE>neutral</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
  </TIER>
  <TIER LINGUISTIC_TYPE_REF="note" PARENT_REF="expression" TIER_ID="notes">
    <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a3" ANNOTATION_REF="a1">
      <ANNOTATION_VALUE>looks down</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
    <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a4" ANNOTATION_REF="a2">
      <ANNOTATION_VALUE>one</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
    <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a5" ANNOTATION_REF="a2" PREVIOUS_ANNOTATION="a4">
      <ANNOTATION_VALUE/></REF_ANNOTATION></ANNOTATION>
  </TIER>
  <LINGUISTIC_TYPE CONTROLLED_VOCABULARY_REF="labels" LINGUISTIC_TYPE_ID="emotion" TIME_ALIGNABLE="true"/>
  <LINGUISTIC_TYPE CONSTRAINTS="Symbolic_Subdivision" LINGUISTIC_TYPE_ID="note" TIME_ALIGNABLE="false"/>
  <CONTROLLED_VOCABULARY CV_ID="labels">
    <DESCRIPTION LANG_REF="und"/>
    <CV_ENTRY_ML CVE_ID="c1"><CVE_VALUE DESCRIPTION="" LANG_REF="und">neutral</CVE_VALUE></CV_ENTRY_ML>
    <CV_ENTRY_ML CVE_ID="c2"><CVE_VALUE DESCRIPTION="" LANG_REF="und">sadness</CVE_VALUE></CV_ENTRY_ML>
  </CONTROLLED_VOCABULARY>
</ANNOTATION_DOCUMENT>
"""

texts = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff") | st.just("\n"),
    max_size=9,
)


@st.composite
def tiers(draw, name: str) -> Tier:
    edges = sorted(draw(st.sets(st.integers(0, 10**8), max_size=12)))
    found = tuple(
        Annotation(start, end, draw(texts)) for start, end in zip(edges[::2], edges[1::2], strict=False)
    )
    return Tier(name, found, draw(texts), draw(texts), tuple(draw(st.lists(texts.filter(bool), max_size=3))))


documents = st.lists(texts, max_size=3, unique=True).flatmap(
    lambda names: st.builds(
        ElanDocument,
        tiers=st.tuples(*(tiers(name) for name in names)),
        media=st.lists(
            st.builds(
                Media, st.from_regex(r"[a-z ]{1,9}\.mp4", fullmatch=True), origin_ms=st.integers(0, 9999)
            ),
            max_size=2,
        ).map(tuple),
        author=texts,
    )
)


def test_an_empty_document_comes_back(tmp_path):
    write_eaf(ElanDocument(()), tmp_path / "t.eaf")
    assert read_eaf(tmp_path / "t.eaf") == ElanDocument(())


@settings(max_examples=60, deadline=None)
@given(documents)
def test_documents_come_back_exactly(tmp_path_factory, document):
    path = tmp_path_factory.mktemp("eaf") / "t.eaf"
    write_eaf(document, path)
    assert read_eaf(path) == document


def test_the_same_document_gives_the_same_bytes(tmp_path):
    document = ElanDocument(
        (Tier("t", (Annotation(0, 1000, "anger"),), vocabulary=EMOTIONS),), (Media("d.mp4"),)
    )
    for name in ("one.eaf", "two.eaf"):
        write_eaf(document, tmp_path / name)
    assert (tmp_path / "one.eaf").read_bytes() == (tmp_path / "two.eaf").read_bytes()


def test_a_file_by_elan_is_read(tmp_path):
    (tmp_path / "t.eaf").write_text(BY_HAND)
    document = read_eaf(tmp_path / "t.eaf")
    assert document.media == (Media("d.mp4"), Media("p.mp4", origin_ms=640))
    expression, notes = document.tiers
    assert expression == Tier(
        "expression",
        (Annotation(0, 1500, "neutral"), Annotation(1500, 4000, "sadness")),
        "patient",
        "bob",
        ("neutral", "sadness"),
    )
    assert notes.annotations == (
        Annotation(0, 1500, "looks down"),
        Annotation(1500, 2750, "one"),
        Annotation(2750, 4000, ""),
    )


@pytest.mark.parametrize(
    "attack",
    [
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]>',
        '<!DOCTYPE a SYSTEM "http://localhost/a.dtd">',
        "<!DOCTYPE ANNOTATION_DOCUMENT>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_before_it_is_read(tmp_path, attack, encoding):
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?>{attack}<ANNOTATION_DOCUMENT>&x;</ANNOTATION_DOCUMENT>'
    )
    (tmp_path / "t.eaf").write_bytes(text.encode(encoding))
    with pytest.raises(UnreadableTable, match="document type"):
        read_eaf(tmp_path / "t.eaf")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('TIME_SLOT_ID="ts2" TIME_VALUE="1500"', 'TIME_SLOT_ID="ts2"', "expected a time for slot 'ts2'"),
        ('ANNOTATION_REF="a1"', 'ANNOTATION_REF="a9"', "expected an annotation 'a9'"),
        ('TIME_VALUE="1500"', 'TIME_VALUE="5000"', "expected 0 <= start < end"),
        ('TIME_ORIGIN="640"', 'TIME_ORIGIN="soon"', "invalid literal"),
        ("</TIER>", "", "expected a readable .eaf file"),
        ("ANNOTATION_DOCUMENT", "SOMETHING", "expected an ANNOTATION_DOCUMENT, got 'SOMETHING'"),
        ('TIER_ID="notes"', 'TIER_ID="expression"', "tiers with names of their own"),
    ],
)
def test_a_broken_file_is_refused_in_a_sentence(tmp_path, old, new, complaint):
    count = -1 if old == "ANNOTATION_DOCUMENT" else 1
    (tmp_path / "t.eaf").write_text(BY_HAND.replace(old, new, count))
    with pytest.raises(UnreadableTable, match=r"t\.eaf") as raised:
        read_eaf(tmp_path / "t.eaf")
    assert complaint in str(raised.value)


@pytest.mark.parametrize("content", [None, b"", b"text", b"\xff\xfe"])
def test_what_is_no_xml_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "t.eaf").write_bytes(content)
    with pytest.raises(UnreadableTable, match="readable"):
        read_eaf(tmp_path / "t.eaf")


@pytest.mark.parametrize(
    "wrong", [(5, 5, "a"), (-1, 5, "a"), (0, 5, "a\x00"), (0, 5, "a\r"), (0, 5, "\ud800")]
)
def test_an_annotation_that_elan_could_not_hold_is_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        Annotation(*wrong)


def test_annotations_of_a_tier_are_apart_and_tiers_have_names_of_their_own():
    with pytest.raises(ValueError, match="in order and apart"):
        Tier("t", (Annotation(0, 10, "a"), Annotation(9, 20, "b")))
    with pytest.raises(ValueError, match="names of their own"):
        ElanDocument((Tier("t", ()), Tier("t", ())))


def test_seconds_become_runs_and_runs_become_seconds_again(tmp_path):
    rows = spell("NNHH.HSS", start=3)
    tier = expression_tier(rows, name="patient expression")
    assert [(one.start_ms, one.end_ms, one.value) for one in tier.annotations] == [
        (3000, 5000, "neutral"),
        (5000, 7000, "happiness"),
        (8000, 9000, "happiness"),
        (9000, 11000, "sadness"),
    ]
    write_eaf(ElanDocument((tier,)), tmp_path / "t.eaf")
    (again,) = read_eaf(tmp_path / "t.eaf").tiers
    assert labels_by_second(again) == {row.second: row.emotion for row in rows if row.emotion}
    assert [one.value for one in status_tier(rows, name="seen").annotations] == ["ok", "no_face", "ok"]


def test_seconds_before_the_start_are_cut_off():
    tier = expression_tier(spell("HHHH", start=-2), name="t", zero_ms=500)
    assert [(one.start_ms, one.end_ms) for one in tier.annotations] == [(0, 1500)]
    assert labels_by_second(tier, zero_ms=500) == {0: "happiness", 1: "happiness"}
    assert expression_tier([], name="t").annotations == ()


def test_a_second_has_the_label_that_covers_most_of_it_and_none_under_a_half():
    tier = Tier(
        "t", (Annotation(0, 300, "anger"), Annotation(600, 1450, "fear"), Annotation(2600, 3000, "anger"))
    )
    assert labels_by_second(tier) == {0: "fear"}
    assert labels_by_second(Tier("t", ())) == {}


def test_an_encounter_starts_where_the_last_camera_began(tmp_path):
    """The patient's camera began 640 ms after the doctor's, so ELAN skips that much of the doctor's file."""
    cameras = [
        conclude_camera(SAMPLES, camera=name, video=video_of(f"{name}.webm"))
        for name in ("doctor", "patient")
    ]
    document = encounter_document(conclude_encounter(cameras, sync=Sync(640, 0.9, "audio")))
    assert document.media == (Media("doctor.webm", "video/webm", 640), Media("patient.webm", "video/webm", 0))
    assert [tier.name for tier in document.tiers] == [
        "doctor expression",
        "doctor seen",
        "patient expression",
        "patient seen",
    ]
    assert document.tiers[1].annotations == (Annotation(0, 1360, "not_analysed"),)
    write_eaf(document, tmp_path / "t.eaf")
    assert read_eaf(tmp_path / "t.eaf") == document


SAMPLES = FaceSamples.none()


def video_of(name: str) -> VideoInfo:
    return VideoInfo(
        Path(name), 1, "webm", "vp8", "yuv420p", 640, 480, 0, 2_000_000, Fraction(25), False, None, None, None
    )
