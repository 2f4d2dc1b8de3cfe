"""The commands on results: compare, statistics, import, and what analyse writes on request."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from emotion import compare, pipeline, recognise
from emotion.__main__ import main
from emotion.results import FILES
from tests import videos
from tests.emotion.stand_ins import Brightness, engine
from tests.emotion.test_compare import Contrary

STAND_INS = {"fer": Brightness, "human": Contrary}


@pytest.fixture(autouse=True)
def _quick_networks(monkeypatch):
    """Commands in this process use networks that need no weights: "fer" and "human" contradict each other."""
    monkeypatch.setattr(pipeline, "load_engine", lambda *_args, **_named: engine())
    monkeypatch.setattr(recognise, "load_recogniser", lambda name, *_args, **_named: STAND_INS[name]())
    monkeypatch.setattr(compare, "models_to_compare", lambda: ("fer", "human"))


def run(*arguments: object) -> int:
    try:
        return main(list(map(str, arguments)))
    except SystemExit as leaving:
        return int(leaving.code or 0)


def answer(capsys, *arguments: object) -> dict:
    assert run(*arguments, "--json") == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    return json.loads(printed.out)


@pytest.fixture
def two_cameras(tmp_path: Path) -> list[str]:
    (tmp_path / "d").mkdir()
    patient, doctor = videos.write_normal(tmp_path), videos.write_normal(tmp_path / "d")
    return [f"--camera=patient={patient}", f"--camera=doctor={doctor}"]


def test_compare_prints_agreement_and_confusion_of_each_pair(tmp_path: Path, capsys):
    assert run("compare", videos.write_normal(tmp_path)) == 0
    printed = capsys.readouterr().out
    assert "fer: labelled 2 of 2 s" in printed
    assert "fer against human: same label in 0 of 2 s" in printed
    assert "S sadness" in printed


def test_compare_keeps_each_models_run_in_its_own_folder(tmp_path: Path, capsys):
    found = answer(capsys, "compare", videos.write_normal(tmp_path), "--out", tmp_path / "out")
    assert [one["name"] for one in found["labellings"]] == ["fer", "human"]
    for name in ("fer", "human"):
        assert sorted(path.name for path in (tmp_path / "out" / name).iterdir()) == sorted(FILES)
        assert json.loads((tmp_path / "out" / name / "run.json").read_text())["model"] == name


def test_compare_takes_what_other_systems_and_people_said(tmp_path: Path, capsys):
    video, out = videos.write_normal(tmp_path), tmp_path / "out"
    assert (
        run("analyse", video, "--out", out, "--also", "elan", "--also", "openface", "--also", "pyfeat") == 0
    )
    capsys.readouterr()
    files = [out, out / "timeline.parquet", f"{out}/timeline.eaf#normal expression"]
    files += [out / "normal.openface.csv", out / "normal.pyfeat.csv"]
    others = [f"--with=n{number}={file}" for number, file in enumerate(files)]
    found = answer(capsys, "compare", video, "--model", "fer", *others)
    assert len(found["pairs"]) == 15
    assert {pair["observed"] for pair in found["pairs"]} == {1.0}


@pytest.mark.parametrize(
    "arguments",
    [
        ["compare", "x.mp4", "--model", "fer"],
        ["compare", "x.mp4", "--model", "fer", "--with", "fer=x.csv"],
        ["compare", "x.mp4", "--with", "nothing"],
        ["compare"],
        ["statistics"],
        ["statistics", "a", "--published"],
        ["statistics", "--arm", "a=x"],
        ["import", "x.csv"],
        ["analyse", "x.mp4", "--out", "out", "--offset-ms", "5"],
        ["analyse", "x.mp4", "--out", "out", "--also", "word"],
    ],
)
def test_wrong_usage_is_status_2(arguments: list[str], tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == 2
    assert "usage:" in capsys.readouterr().err


def test_unreadable_inputs_are_one_sentence_and_nothing_is_left(tmp_path: Path, capsys):
    (tmp_path / "bad.csv").write_text("a\n1\n")
    (tmp_path / "bad.eaf").write_text("<a>")
    video, out = videos.write_normal(tmp_path), tmp_path / "out"
    for arguments in (
        ["compare", tmp_path / "bad.csv"],
        ["compare", video, "--with", f"x={tmp_path / 'bad.csv'}", "--model", "fer"],
        ["statistics", tmp_path],
        ["import", tmp_path / "bad.eaf", "--out", out],
        ["import", tmp_path / "bad.csv", "--out", out],
        ["analyse", video, "--out", out, "--rules", tmp_path / "bad.csv"],
    ):
        assert run(*arguments) == 1
        printed = capsys.readouterr()
        assert (printed.out, len(printed.err.strip().splitlines())) == ("", 1)
    assert not out.exists()


def test_offset_by_hand_goes_before_what_the_sound_says(two_cameras: list[str], tmp_path: Path, capsys):
    found = answer(capsys, "analyse", *two_cameras, "--out", tmp_path / "out", "--offset-ms", "1000")
    assert found["sync"] == {
        "offset_ms": 1000,
        "confidence": 1.0,
        "method": "by_hand",
        "drift_ppm": 0.0,
        "applied": True,
    }
    assert "by hand" in (tmp_path / "out" / "report.html").read_text()
    with (tmp_path / "out" / "timeline.csv").open() as source:
        rows = list(csv.DictReader(source))
    assert [row["second"] for row in rows if row["camera"] == "doctor"] == ["1", "2"]


def test_summary_holds_findings_mirroring_and_suggestions(two_cameras: list[str], tmp_path: Path, capsys):
    found = answer(capsys, "analyse", *two_cameras, "--out", tmp_path / "out")
    assert found["cameras"]["patient"]["findings"]["patient"]["detection"]["published"] == 0.8
    assert found["mirroring"][0]["signal"] == "anger"
    assert found["suggestions"] == []
    assert {key: found[key] for key in found if key != "out"} == json.loads(
        (tmp_path / "out" / "summary.json").read_text()
    )


def test_a_studys_own_rules_and_language_are_used(two_cameras: list[str], tmp_path: Path, capsys):
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "limits: {quiet_start_s: 0, min_baseline_s: 0, detection_window_s: 1}\n"
        "citations: {me: Mine 2026}\n"
        "rules:\n"
        "  - id: mine\n"
        "    framework: NURSE\n"
        "    severity: hint\n"
        "    citations: [me]\n"
        "    when:\n"
        "      - {who: patient, shows: [happiness, sadness], at_least: 1, of_last: 1,\n"
        "         min_confidence: 0, above_baseline: 0}\n"
        "    text: {en: Pause., de: Innehalten.}\n"
    )
    arguments = ("analyse", *two_cameras, "--out", tmp_path / "out", "--rules", rules, "--language", "de-AT")
    (only,) = answer(capsys, *arguments)["suggestions"]
    assert (only["rule"], only["text"], only["citations"]) == ("mine", "Innehalten.", ["Mine 2026"])
    shipped = tmp_path / "shipped"
    run("analyse", *two_cameras, "--out", shipped)
    hashes = {
        json.loads((folder / "run.json").read_text())["parameters"]["rules_sha256"]
        for folder in (tmp_path / "out", shipped)
    }
    assert len(hashes) == 2


def test_files_asked_for_once_do_not_stay_beside_a_later_run(tmp_path: Path):
    video, out = videos.write_normal(tmp_path), tmp_path / "out"
    run("analyse", video, "--out", out, "--also", "pyfeat")
    (out / "mine.pyfeat.csv").write_text("a file of somebody else")
    run("analyse", video, "--out", out, "--also", "elan")
    assert sorted(path.name for path in out.iterdir()) == sorted([*FILES, "timeline.eaf", "mine.pyfeat.csv"])


def test_calibrated_rows_stand_beside_the_raw_ones(tmp_path: Path, monkeypatch):
    class Sad(Brightness):
        def crop(self, image_bgr, detections, index):
            return image_bgr * 0

    still = engine()
    monkeypatch.setattr(
        pipeline, "load_engine", lambda *_a, **_n: pipeline.Engine(still.detector, Sad(), still.embedder, 1)
    )
    video = videos.write_recording(tmp_path / "still.mp4", times=range(0, 175, 5), audio=None)
    assert run("analyse", video, "--out", tmp_path / "out", "--calibrate") == 0
    raw, calibrated = (
        list(csv.DictReader((tmp_path / "out" / name).open())) for name in ("timeline.csv", "calibrated.csv")
    )
    assert {row["emotion"] for row in raw} == {"sadness"}
    assert {row["emotion"] for row in calibrated} == {"neutral"}
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["cameras"]["still"]["calibrated"]["resting"]["how"] == "first quiet seconds"


def test_import_writes_results_labels_and_rows(tmp_path: Path, capsys):
    video, out = videos.write_normal(tmp_path), tmp_path / "out"
    run("analyse", video, "--out", out, "--also", "elan", "--also", "pyfeat")
    capsys.readouterr()
    faces = answer(capsys, "import", out / "normal.pyfeat.csv", "--video", video, "--out", tmp_path / "faces")
    assert faces["format"] == "py-feat"
    assert (tmp_path / "faces" / "timeline.csv").read_bytes() == (out / "timeline.csv").read_bytes()
    answer(capsys, "import", out / "timeline.parquet", "--out", tmp_path / "rows")
    assert (tmp_path / "rows" / "timeline.csv").read_bytes() == (out / "timeline.csv").read_bytes()
    labels = answer(capsys, "import", out / "timeline.eaf", "--out", tmp_path / "labels")
    assert labels["rows"] == 4
    header, first, *_ = (tmp_path / "labels" / "labels.csv").read_text().splitlines()
    assert (header, first) == (
        "tier,participant,second,label",
        "normal expression,person,0,sadness",
    )


def test_import_of_openfaces_own_table_gives_action_units(tmp_path: Path, capsys):
    table = tmp_path / "of.csv"
    table.write_text(
        "frame, face_id, timestamp, confidence, success, AU12_r\n"
        "1, 0, 0.0, 0.98, 1, 2.0\n2, 0, 0.5, 0.98, 1, 3.0\n3, 0, 1.0, 0.2, 1, 5.0\n"
    )
    answer(capsys, "import", table, "--out", tmp_path / "out")
    assert (tmp_path / "out" / "action_units.csv").read_text() == "second,AU12\n0,2.5\n"


def test_statistics_of_folders_and_the_published_table(two_cameras: list[str], tmp_path: Path, capsys):
    out = tmp_path / "out"
    run("analyse", *two_cameras, "--out", out)
    capsys.readouterr()
    found = answer(capsys, "statistics", out)
    assert (found["unit"], len(found["comparisons"])) == ("encounter", 7)
    assert answer(capsys, "statistics", f"--doctor=D1={out}")["unit"] == "doctor"
    assert answer(capsys, "statistics", f"--arm=a={out}", f"--arm=b={out}")["groups"] == ["a", "b"]
    assert answer(capsys, "statistics", "--published")["counts"]["sadness"] == [8580, 5773]
    assert run("statistics", "--published") == 0
    assert "independent" in capsys.readouterr().out
