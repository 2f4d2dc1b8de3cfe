from __future__ import annotations

from pathlib import Path

import pytest

from emotion.conclude import CameraAnalysis
from emotion.errors import UnreadableTable
from emotion.foreign import guess_format, read_camera, read_tier_labels, samples_from_faces
from emotion.pipeline import analyse_encounter
from emotion.results import describe_engine, write_results
from emotion.timeline import EncounterClock
from tests import videos
from tests.emotion.stand_ins import engine


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> tuple[CameraAnalysis, Path]:
    """An analysis, and the folder with its results for other programs."""
    folder = tmp_path_factory.mktemp("foreign")
    analysis = analyse_encounter({"patient": videos.write_normal(folder)}, engine=engine(blind=[0, 5]))
    out = folder / "out"
    also = ("elan", "openface", "pyfeat", "elan")
    write_results(analysis, out, engine=describe_engine("fer", device="cpu"), also=also)
    return analysis.cameras[0], out


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("", "timeline"),
        ("timeline.csv", "timeline"),
        ("timeline.parquet", "parquet"),
        ("timeline.eaf", "elan"),
        ("patient.pyfeat.csv", "py-feat"),
        ("patient.openface.csv", "openface"),
    ],
)
def test_format_of_a_file_is_known_by_its_columns(written, name: str, kind: str):
    assert guess_format(written[1] / name if name else written[1]) == kind


def test_unknown_columns_have_no_format(tmp_path: Path):
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UnreadableTable, match="openface"):
        guess_format(tmp_path / "x.csv")


def test_openface_table_gives_the_same_seconds_again(written):
    analysis, out = written
    found = read_camera(out / "patient.openface.csv", "openface", camera="patient", video=analysis.video)
    assert found.rows == analysis.rows


def test_pyfeat_table_gives_the_same_expressions_again(written):
    """It has no rows of frames without a face, so those are counted as not sampled."""
    analysis, out = written
    found = read_camera(out / "patient.pyfeat.csv", "py-feat", camera="patient", video=analysis.video)
    assert [row.probs for row in found.rows] == [row.probs for row in analysis.rows]


def test_tier_gives_the_labels_of_the_seconds_again_also_on_a_moved_clock(written):
    analysis, out = written
    labels = {row.second: row.emotion for row in analysis.rows if row.emotion}
    found = read_tier_labels(out / "timeline.eaf", "patient expression", video=analysis.video)
    assert found == labels
    assert read_tier_labels(out / "timeline.eaf", None, video=analysis.video) == labels
    clock = EncounterClock(3_000_000)
    later = read_tier_labels(out / "timeline.eaf", None, video=analysis.video, clock=clock)
    assert later == {second + 3: label for second, label in labels.items()}


def test_tier_without_emotions_is_refused(written):
    analysis, out = written
    with pytest.raises(UnreadableTable, match="FILE#TIER"):
        read_tier_labels(out / "timeline.eaf", "patient seen", video=analysis.video)


def test_no_face_makes_samples_of_empty_frames():
    samples = samples_from_faces([], [200_000, 0, 200_000])
    assert (samples.frame_times_us.tolist(), len(samples)) == ([0, 200_000], 0)
