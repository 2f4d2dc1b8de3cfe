from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from emotion.errors import UnreadableTable
from emotion.formats.pyfeat import faces_from_pyfeat, pyfeat_from_faces, read_pyfeat, write_pyfeat
from emotion.labels import EMOTIONS
from emotion.types import FaceObservation
from tests.emotion.faces import probs_of

#: As py-feat 2 writes it: title-case emotions, faces in any order, an empty row for a frame without a face.
VERSION_2 = """\
FaceRectX,FaceRectY,FaceRectWidth,FaceRectHeight,FaceScore,x_0,mesh_z_477,Pitch,AU12,Neutral,Happy,Sad,Surprise,\
Fear,Disgust,Anger,valence,Identity_512,input,frame,Identity
10,20,100,120,0.99,1,1,0.1,0.5,0.1,0.6,0.1,0.05,0.05,0.05,0.05,0.2,0.1,clip.mp4,30,mother
300,20,100,120,0.98,1,1,0.1,0.5,0.2,0.1,1.5,0.05,0.05,0.05,0.05,0.2,0.1,clip.mp4,0,child
10,20,100,120,0.97,1,1,0.1,0.5,0.1,0.6,0.1,0.05,0.05,0.05,0.05,0.2,0.1,clip.mp4,0,mother
,,,,,,,,,,,,,,,,,,clip.mp4,15,
"""


def face(time_us: int, track: int = 1, **shares: float) -> FaceObservation:
    return FaceObservation(
        "doctor", time_us, track, (10.0, 20.0, 110.5, 140.25), 0.9, 0.7, probs_of(**shares)
    )


@pytest.fixture
def second_version(tmp_path):
    (tmp_path / "fex.csv").write_text(VERSION_2)
    return tmp_path / "fex.csv"


def test_no_faces_are_a_table_without_rows():
    table = pyfeat_from_faces([], frame_rate=Fraction(25), source="v.mp4")
    assert table.rows == ()
    assert faces_from_pyfeat(table, camera="doctor") == ()


@pytest.mark.parametrize("version", [1, 2])
def test_faces_come_back_exactly(tmp_path, version):
    faces = (face(0, 3, sadness=1 / 3), face(0, 7), face(33_367, 3, fear=0.1))
    table = pyfeat_from_faces(faces[::-1], frame_rate=Fraction(30000, 1001), source="v.mp4", version=version)
    write_pyfeat(table, tmp_path / "t.csv")
    assert faces_from_pyfeat(read_pyfeat(tmp_path / "t.csv"), camera="doctor") == faces
    assert table.texts("frame") == ("0", "0", "1")
    assert table.texts("Identity") == ("Person_3", "Person_7", "Person_3")


def test_both_versions_name_and_order_their_emotions():
    first, second = (
        pyfeat_from_faces([face(0, sadness=0.3)], frame_rate=Fraction(25), source="v.mp4", version=version)
        for version in (1, 2)
    )
    assert first.columns[5:12] == ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
    assert second.columns[5:12] == ("Neutral", "Happy", "Sad", "Surprise", "Fear", "Disgust", "Anger")
    assert first.texts("sadness") == second.texts("Sad") == ("0.3",)
    with pytest.raises(ValueError, match="version 1 or 2"):
        pyfeat_from_faces([], frame_rate=Fraction(25), source="v.mp4", version=3)


def test_py_feats_own_file_is_read_in_the_order_of_time(second_version):
    faces = faces_from_pyfeat(read_pyfeat(second_version), camera="patient", frame_rate=Fraction(30))
    assert [(one.time_us, one.track) for one in faces] == [(0, 0), (0, 1), (1_000_000, 0)]
    assert faces[0].box_px == (10, 20, 110, 140)
    assert faces[0].quality == faces[0].score == 0.97
    assert dict(zip(EMOTIONS, faces[0].probs, strict=True))["happiness"] == 0.6
    assert sum(faces[1].probs) == pytest.approx(1)  # 2.0 in the file


def test_landmarks_and_embeddings_are_left_out_unless_asked_for(second_version):
    plain, full = read_pyfeat(second_version), read_pyfeat(second_version, landmarks=True)
    assert set(full.columns) - set(plain.columns) == {"x_0", "mesh_z_477", "Identity_512"}
    assert "Identity" in plain.columns


def test_py_feats_own_file_is_written_and_read_again_unchanged(second_version, tmp_path):
    table = read_pyfeat(second_version, landmarks=True)
    write_pyfeat(table, tmp_path / "again.csv")
    assert read_pyfeat(tmp_path / "again.csv", landmarks=True) == replace(table, source="again.csv")


def test_frame_numbers_alone_need_a_frame_rate(second_version):
    with pytest.raises(ValueError, match="frame rate"):
        faces_from_pyfeat(read_pyfeat(second_version), camera="patient")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("Happy", "Glee", "seven emotion columns"),
        (",0.6,", ",,", "expected a box and emotions"),
        (",0.6,", ",-0.6,", "expected probabilities"),
        (",0.6,", ",much,", "expected a number, got 'much'"),
        ("FaceScore", "Score", "FaceScore, which is missing"),
    ],
)
def test_a_broken_table_is_refused(second_version, old, new, complaint):
    second_version.write_text(VERSION_2.replace(old, new, 1))
    with pytest.raises(UnreadableTable, match=r"fex\.csv") as raised:
        faces_from_pyfeat(read_pyfeat(second_version), camera="patient", frame_rate=Fraction(30))
    assert complaint in str(raised.value)
