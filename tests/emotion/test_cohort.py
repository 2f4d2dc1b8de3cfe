from __future__ import annotations

from pathlib import Path

import pytest

from emotion.cohort import compare_analysed_arms, compare_analysed_roles, describe_published, read_shares
from emotion.errors import UnreadableTable
from emotion.tables import TIMELINE_COLUMNS, timeline_row
from tests.emotion.seconds import spell


def write_encounter(folder: Path, **letters: str) -> Path:
    """Write a timeline.csv with one role per keyword, spelt out second by second."""
    folder.mkdir(parents=True)
    lines = [",".join(TIMELINE_COLUMNS)]
    for role, spelt in letters.items():
        for row in spell(spelt, role=role):
            lines.append(",".join("" if value is None else str(value) for value in timeline_row(row)))
    (folder / "timeline.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_shares_are_of_seen_seconds(tmp_path: Path):
    shares = read_shares(write_encounter(tmp_path / "one", doctor="HHS.", patient="...."))
    assert shares["doctor"]["happiness"] == pytest.approx(2 / 3)
    assert shares["patient"]["happiness"] is None


def test_six_encounters_are_six_units_however_long_they_are(tmp_path: Path):
    folders = [
        write_encounter(tmp_path / str(number), doctor="H" * (5 + 20 * number), patient="S" * 8)
        for number in range(6)
    ]
    found = compare_analysed_roles(dict.fromkeys(folders))
    happiness = next(one for one in found["comparisons"] if one["emotion"] == "happiness")
    assert (found["unit"], found["groups"], found["warning"]) == ("encounter", ["doctor", "patient"], None)
    assert (happiness["n"], happiness["difference"]) == ((6, 6), 1.0)
    assert happiness["p"] == pytest.approx(2 / 64)


def test_encounters_of_one_doctor_count_once_and_few_units_are_warned_of(tmp_path: Path):
    clusters = {
        write_encounter(tmp_path / str(number), doctor="HS", patient="HH"): f"D{number % 2}"
        for number in range(6)
    }
    found = compare_analysed_roles(clusters)
    assert (found["unit"], found["comparisons"][0]["n"]) == ("doctor", (2, 2))
    assert "descriptions" in found["warning"]


def test_an_encounter_without_a_doctor_is_named(tmp_path: Path):
    folder = write_encounter(tmp_path / "half", patient="HH")
    with pytest.raises(UnreadableTable, match="no doctor"):
        compare_analysed_roles({folder: None})
    with pytest.raises(UnreadableTable, match="of the doctor"):
        compare_analysed_arms({"a": [folder], "b": [folder]}, role="doctor")


def test_two_arms_are_compared_in_one_role(tmp_path: Path):
    arms = {
        arm: [write_encounter(tmp_path / f"{arm}{number}", doctor=spelt) for number in range(4)]
        for arm, spelt in (("trained", "HHHS"), ("usual", "HSSS"))
    }
    found = compare_analysed_arms(arms, role="doctor")
    sadness = next(one for one in found["comparisons"] if one["emotion"] == "sadness")
    assert (found["groups"], found["role"], found["warning"]) == (["trained", "usual"], "doctor", None)
    assert sadness["difference"] == pytest.approx(-0.5)


def test_published_table_comes_with_its_warning():
    found = describe_published()
    assert found["p"] < 0.001
    assert "independent" in found["warning"]
