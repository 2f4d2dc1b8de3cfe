from __future__ import annotations

import pytest

from emotion.empathy_table import FRAMEWORKS, Limits, load_rules, parse_rules
from emotion.errors import InvalidRules

TABLE = """\
citations:
  back2005: Back 2005
rules:
  - id: one
    framework: NURSE
    severity: notice
    citations: [back2005]
    when:
      - who: patient
        shows: [sadness, fear]
        at_least: 3
    text:
      en: Pause.
"""


def test_the_shipped_table_has_the_papers_two_rules_first_and_every_framework():
    table = load_rules()
    assert [rule.id for rule in table.rules[:2]] == ["doctor-own-expression", "patient-negative-expression"]
    assert all(any("e29506" in citation for citation in rule.citations) for rule in table.rules[:2])
    assert set(table.rules[0].when[0].shows) == {"anger", "disgust", "sadness"}
    assert {rule.framework for rule in table.rules} == set(FRAMEWORKS)
    assert table.limits == Limits()


def test_every_shipped_text_is_in_every_language_and_claims_no_feeling():
    for rule in load_rules().rules:
        assert set(rule.text) == {"en", "de", "zh-Hant"}
        assert not {"feel", "feels", "felt", "feeling"} & set(rule.text["en"].lower().split())
        assert "classified" in rule.text["en"]


def test_a_table_of_ones_own_is_read_with_its_defaults():
    table = parse_rules(TABLE)
    (condition,) = table.rules[0].when
    assert (condition.at_least, condition.of_last, condition.min_confidence) == (3, 8, 0.5)
    assert condition.shows == ("sadness", "fear")
    assert table.rules[0].citations == ("Back 2005",)
    assert table.limits == Limits()


def test_limits_can_be_changed_one_by_one():
    assert parse_rules(TABLE + "limits: {refractory_s: 120, min_detection: 1}\n").limits == Limits(
        refractory_s=120, min_detection=1.0
    )


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (
            "severity: notice",
            "severity: grave",
            "line 6, rules[0].severity: expected one of hint, notice, important",
        ),
        ("severity: notice", "severty: notice", "line 6, rules[0].severty: expected one of id, framework"),
        ("    severity: notice\n", "", "line 4, rules[0]: expected 'severity', which is missing"),
        (
            "framework: NURSE",
            "framework: 7",
            "line 5, rules[0].framework: expected a text, got the whole number '7'",
        ),
        (
            "[back2005]",
            "[back2006]",
            "line 7, rules[0].citations[0]: expected one of back2005, got 'back2006'",
        ),
        (
            "[back2005]",
            "[]",
            "line 7, rules[0].citations: expected a list with at least one entry, got an empty list",
        ),
        (
            "who: patient",
            "who: nurse",
            "line 9, rules[0].when[0].who: expected one of doctor, patient, got 'nurse'",
        ),
        ("[sadness, fear]", "[joy]", "line 10, rules[0].when[0].shows[0]: expected one of anger"),
        ("[sadness, fear]", "[fear, fear]", "line 10, rules[0].when[0].shows: expected each emotion once"),
        (
            "at_least: 3",
            "at_least: 9",
            "rules[0].when[0]: expected at_least to be no more than of_last, got 9 of 8",
        ),
        (
            "at_least: 3",
            "at_least: 0",
            "line 11, rules[0].when[0].at_least: expected a whole number from 1 to 120",
        ),
        ("at_least: 3", "at_least: 2.5", "line 11, rules[0].when[0].at_least: expected a whole number"),
        ("at_least: 3", "at_least: 1:30", "line 11, rules[0].when[0].at_least: expected a whole number"),
        ("at_least: 3", "min_confidence: .nan", "min_confidence: expected a number from 0 to 1"),
        ("at_least: 3", "min_confidence: 60", "min_confidence: expected a number from 0 to 1, got 60"),
        ("en: Pause.", "de: Pause.", "line 13, rules[0].text: expected a text in 'en'"),
        ("en: Pause.", "en: ''", "line 13, rules[0].text.en: expected a text, got nothing"),
        ("en: Pause.", "en: Pause.\n      en: Wait.", "line 14, rules[0].text.en: expected each name once"),
        ("back2005: Back 2005", "[]", "expected named fields, got an empty list"),
        ("  - id: one", "  - id: [one", "not YAML"),
        ("id: one", "id: &a one\n    framework: *b", "not YAML"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_field(old, new, complaint):
    assert old in TABLE
    with pytest.raises(InvalidRules) as raised:
        parse_rules(TABLE.replace(old, new, 1), source="mine.yaml")
    assert str(raised.value).startswith("mine.yaml, line ")
    assert complaint in str(raised.value)


def test_an_id_is_used_once():
    second = TABLE.partition("rules:\n")[2]
    with pytest.raises(InvalidRules, match=r"line 14, rules\[1\]: .*'one' for the second time"):
        parse_rules(TABLE + second)


@pytest.mark.parametrize(
    "text",
    ["", "# nothing\n", "rules", "- a", "[" * 50_000, "a" * 300_000, "\x00", "!!python/name:os.system"],
)
def test_what_is_no_table_is_refused_in_a_sentence(text):
    with pytest.raises(InvalidRules, match="rules"):
        parse_rules(text)


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path):
    (tmp_path / "latin.yaml").write_bytes(b"\xe9")
    for name in ("none.yaml", "latin.yaml"):
        with pytest.raises(InvalidRules, match=name):
            load_rules(tmp_path / name)


def test_a_file_of_ones_own_is_loaded(tmp_path):
    (tmp_path / "mine.yaml").write_text(TABLE, encoding="utf-8")
    assert load_rules(tmp_path / "mine.yaml") == parse_rules(TABLE)
