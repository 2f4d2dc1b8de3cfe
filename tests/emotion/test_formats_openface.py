from __future__ import annotations

from dataclasses import replace

import pytest

from emotion.errors import UnreadableTable
from emotion.formats.openface import (
    COLUMNS,
    action_units_by_second,
    faces_from_openface,
    openface_from_faces,
    read_openface,
    times_us,
    usable_rows,
    write_openface,
)
from emotion.types import FaceObservation
from tests.emotion.faces import probs_of

#: As OpenFace 2 writes it: spaces after commas, landmarks, no face_id in older versions.
OPENFACE = """\
frame, timestamp, confidence, success, gaze_0_x, x_0, Y_67, eye_lmk_x_3, p_12, AU01_r, AU12_r, AU12_c
1, 0, 0.98, 1, 0.1, 277.2, 1.5, 3, 0.4, 1.0, 2.0, 1
2, 0.04, 0.92, 1, 0.1, 277.9, 1.5, 3, 0.4, 0.0, 4.0, 1
3, 0.96, 0.40, 1, 0.1, 0, 0, 0, 0, 5.0, 5.0, 1
4, 1.00, 0.00, 0, 0.1, 0, 0, 0, 0, 5.0, 5.0, 1
5, 2.04, 0.70, 1, 0.1, 277.9, 1.5, 3, 0.4, 0.5, 1.0, 0
"""


def face(time_us: int, track: int = 1, **shares: float) -> FaceObservation:
    return FaceObservation(
        "patient", time_us, track, (10.5, 20.25, 110.125, 140.1), 0.9, 0.7, probs_of(**shares)
    )


@pytest.fixture
def recorded(tmp_path):
    (tmp_path / "openface.csv").write_text(OPENFACE)
    return tmp_path / "openface.csv"


def test_landmarks_are_left_out_unless_asked_for(recorded):
    assert read_openface(recorded).columns[4:] == ("gaze_0_x", "AU01_r", "AU12_r", "AU12_c")
    assert "Y_67" in read_openface(recorded, landmarks=True).columns


def test_rows_that_openface_was_not_sure_of_do_not_count(recorded):
    table = read_openface(recorded)
    assert usable_rows(table).tolist() == [True, True, False, False, True]
    assert times_us(table).tolist() == [0, 40_000, 960_000, 1_000_000, 2_040_000]


def test_action_units_are_means_of_the_usable_rows_of_a_second(recorded):
    assert action_units_by_second(read_openface(recorded)) == {
        0: {"AU01": 0.5, "AU12": 3.0},
        2: {"AU01": 0.5, "AU12": 1.0},
    }


def test_openfaces_own_file_is_written_and_read_again_unchanged(recorded, tmp_path):
    table = read_openface(recorded, landmarks=True)
    write_openface(table, tmp_path / "again.csv")
    assert read_openface(tmp_path / "again.csv", landmarks=True) == replace(table, source="again.csv")


def test_no_faces_give_rows_without_success():
    table = openface_from_faces([], [0, 200_000])
    assert table.columns == COLUMNS
    assert table.whole_numbers("frame").tolist() == [1, 2]
    assert not usable_rows(table).any()
    assert faces_from_openface(table, camera="patient") == ()
    assert openface_from_faces([], []).rows == ()


def test_faces_come_back_exactly(tmp_path):
    faces = (face(0, 2, sadness=1 / 3), face(0, 5), face(1_234_567, 2, fear=0.1))
    table = openface_from_faces(faces[::-1], [0, 200_000, 1_234_567])
    write_openface(table, tmp_path / "t.csv")
    assert faces_from_openface(read_openface(tmp_path / "t.csv"), camera="patient") == faces
    assert table.texts("frame") == ("1", "1", "2", "3")
    assert table.texts("timestamp")[-1] == "1.234567"


def test_a_face_outside_of_the_frames_is_refused():
    with pytest.raises(ValueError, match="sampled frames"):
        openface_from_faces([face(7)], [0])


def test_openfaces_own_file_has_no_emotions_to_read(recorded):
    with pytest.raises(UnreadableTable, match="missing"):
        faces_from_openface(read_openface(recorded), camera="patient")


def test_a_file_without_openfaces_columns_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("frame,confidence\n1,2\n")
    with pytest.raises(UnreadableTable, match="timestamp, success"):
        read_openface(tmp_path / "t.csv")
