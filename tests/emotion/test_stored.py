from __future__ import annotations

from pathlib import Path

import pytest

from emotion.errors import UnreadableTable
from emotion.pipeline import analyse_encounter
from emotion.results import describe_engine, write_results
from emotion.stored import read_timeline
from emotion.tables import timeline_row
from tests import videos
from tests.emotion.stand_ins import engine


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    analysis = analyse_encounter({"patient": videos.write_normal(folder)}, engine=engine(blind=[0, 5]))
    write_results(analysis, folder / "out", engine=describe_engine("fer", device="cpu"))
    return folder / "out"


@pytest.mark.parametrize("name", ["", "timeline.csv", "timeline.parquet"])
def test_rows_come_back_as_they_were_written(results: Path, name: str):
    found = read_timeline(results / name if name else results)
    lines = (results / "timeline.csv").read_text().splitlines()[1:]
    assert list(found) == ["patient"]
    written = [
        ",".join("" if value is None else str(value) for value in timeline_row(row))
        for row in found["patient"]
    ]
    assert written == lines


def test_a_folder_without_results_and_foreign_tables_are_refused(tmp_path: Path):
    with pytest.raises(UnreadableTable, match=r"no timeline\.csv"):
        read_timeline(tmp_path)
    (tmp_path / "timeline.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UnreadableTable, match="camera"):
        read_timeline(tmp_path)
    (tmp_path / "timeline.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(UnreadableTable, match="Parquet"):
        read_timeline(tmp_path / "timeline.parquet")


@pytest.mark.parametrize(
    ("column", "value"), [("status", "fine"), ("emotion", "joy"), ("second", "x"), ("anger", "")]
)
def test_a_row_that_no_analysis_writes_is_named(results: Path, tmp_path: Path, column: str, value: str):
    header, first, *rest = (results / "timeline.csv").read_text().splitlines()
    cells = first.split(",")
    cells[header.split(",").index(column)] = value
    (tmp_path / "timeline.csv").write_text("\n".join([header, ",".join(cells), *rest]))
    with pytest.raises(UnreadableTable, match="row 1"):
        read_timeline(tmp_path)
