from __future__ import annotations

import csv
import errno
import json
from pathlib import Path

import pytest
from pyarrow import parquet

from emotion import results
from emotion.conclude import EncounterAnalysis, conclude_encounter
from emotion.errors import OutputUnwritable
from emotion.labels import EMOTIONS
from emotion.pipeline import analyse_camera
from emotion.results import FILES, EngineRecord, describe_engine, summarise, write_results
from emotion.tables import FRAME_COLUMNS, TIMELINE_COLUMNS
from tests import videos
from tests.emotion.stand_ins import engine

RECORD = EngineRecord(
    "brightness", "cpu", ({"name": "none", "package": "none", "version": "1", "sha256": "0" * 64},)
)


@pytest.fixture
def analysis(tmp_path: Path) -> EncounterAnalysis:
    """A recording whose first second shows a face and whose second one does not."""
    path = videos.write_normal(tmp_path)
    return conclude_encounter([analyse_camera(path, camera="patient", engine=engine(blind=range(25, 50)))])


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as source:
        return list(csv.DictReader(source))


def test_six_files_and_nothing_else(analysis: EncounterAnalysis, tmp_path: Path):
    write_results(analysis, tmp_path / "out", engine=RECORD)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(FILES)


def test_timeline_has_the_columns_of_the_contract(analysis: EncounterAnalysis, tmp_path: Path):
    write_results(analysis, tmp_path, engine=RECORD)
    header = (tmp_path / "timeline.csv").read_text().splitlines()[0]
    assert header == (
        "camera,second,role,track,status,emotion,confidence,anger,disgust,fear,happiness,neutral,sadness,surprise,"
        "valence,arousal,frames_sampled,frames_detected"
    )


def test_probabilities_sum_to_one_on_ok_rows_and_are_empty_otherwise(analysis, tmp_path: Path):
    write_results(analysis, tmp_path, engine=RECORD)
    seen, missed = rows_of(tmp_path / "timeline.csv")
    assert (seen["status"], missed["status"]) == ("ok", "no_face")
    assert sum(float(seen[emotion]) for emotion in EMOTIONS) == pytest.approx(1, abs=1e-5)
    empty = ("track", "emotion", "confidence", *EMOTIONS, "valence", "arousal")
    assert {missed[column] for column in empty} == {""}
    assert (missed["frames_sampled"], missed["frames_detected"]) == ("5", "0")


def test_parquet_says_the_same_with_types(analysis: EncounterAnalysis, tmp_path: Path):
    write_results(analysis, tmp_path, engine=RECORD)
    table = parquet.read_table(tmp_path / "timeline.parquet")
    assert table.column_names == list(TIMELINE_COLUMNS)
    assert table["second"].to_pylist() == [0, 1]
    assert table["happiness"].to_pylist()[1] is None
    text = [row["happiness"] for row in rows_of(tmp_path / "timeline.csv")]
    assert table["happiness"].to_pylist()[0] == float(text[0])


def test_frames_list_every_sampled_face(analysis: EncounterAnalysis, tmp_path: Path):
    write_results(analysis, tmp_path, engine=RECORD)
    rows = rows_of(tmp_path / "frames.csv")
    assert tuple(rows[0]) == FRAME_COLUMNS
    assert [int(row["time_us"]) for row in rows] == [0, 200_000, 400_000, 600_000, 800_000]
    assert {row["role"] for row in rows} == {"patient"}


def test_summary_says_per_camera_and_role_what_the_contract_lists(analysis: EncounterAnalysis):
    summary = summarise(analysis)
    person = summary["cameras"]["patient"]["roles"]["patient"]
    listed = (
        "duration_s detection_rate seconds seconds_by_emotion share_by_emotion changes_per_minute dominant"
    )
    assert set(listed.split()) <= set(person)
    assert (person["duration_s"], person["detection_rate"]) == (2.0, 0.5)
    assert (summary["sync"], summary["suggestions"]) == (None, [])
    json.dumps(summary)


def test_run_tells_what_is_needed_to_repeat_it(analysis: EncounterAnalysis, tmp_path: Path):
    write_results(analysis, tmp_path, engine=RECORD)
    run = json.loads((tmp_path / "run.json").read_text())
    assert run["inputs"]["patient"]["file"] == "normal.mp4"
    assert len(run["inputs"]["patient"]["sha256"]) == 64
    assert run["parameters"]["sample_fps"] == "5"
    assert run["weights"] == list(RECORD.weights)
    assert {"python", "numpy", "onnxruntime", "av"} <= set(run["versions"])


def test_same_input_gives_the_same_bytes(analysis: EncounterAnalysis, tmp_path: Path):
    write_results(analysis, tmp_path / "one", engine=RECORD)
    write_results(analysis, tmp_path / "two", engine=RECORD)
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_foreign_files_stay_and_earlier_results_are_replaced(analysis: EncounterAnalysis, tmp_path: Path):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "timeline.csv").write_text("old")
    write_results(analysis, tmp_path, engine=RECORD)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert (tmp_path / "timeline.csv").read_text() != "old"


def test_full_disk_leaves_nothing_under_a_final_name(analysis, tmp_path: Path, monkeypatch):
    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(results, "write_frames_csv", full)
    with pytest.raises(OutputUnwritable, match="No space left on device"):
        write_results(analysis, tmp_path / "out", engine=RECORD)
    assert not list((tmp_path / "out").iterdir())


def test_full_disk_does_not_harm_earlier_results(analysis, tmp_path: Path, monkeypatch):
    write_results(analysis, tmp_path, engine=RECORD)
    before = {name: (tmp_path / name).read_bytes() for name in FILES}

    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(results, "write_frames_csv", full)
    with pytest.raises(OutputUnwritable):
        write_results(analysis, tmp_path, engine=RECORD)
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == before


def test_target_that_is_a_file_is_refused(analysis: EncounterAnalysis, tmp_path: Path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputUnwritable):
        write_results(analysis, tmp_path / "out", engine=RECORD)
    assert (tmp_path / "out").read_text() == "a file"


def test_record_of_an_engine_names_every_network():
    record = describe_engine("human", device="cpu")
    assert [entry["name"] for entry in record.weights] == ["centerface", "human", "identity", "voice"]
    assert all(len(entry["sha256"]) == 64 for entry in record.weights)
