"""Cards and chart: what is drawn is what was measured, and what was not is not drawn."""

from __future__ import annotations

import pytest
from django.urls import reverse

from deid.sound import VOICES
from tests.webapp.deidjobs.conftest import add_derivative, hidden_video
from webapp.deidjobs.cards import expression_rows, privacy_rows, voices_row
from webapp.deidjobs.chart import HEIGHT, LEFT, TOP, UNREAD_Y, WIDTH, make_charts, make_rows
from webapp.deidjobs.models import Derivative
from webapp.deidjobs.queries import versions_of
from webapp.engines import usual_limits


def row(rows, name):
    return next(one for one in rows if one.name == name)


@pytest.fixture
def privacy():
    return privacy_rows(hidden_video().privacy, usual_limits())


@pytest.fixture
def expression():
    return expression_rows(hidden_video().expression, usual_limits())


def test_a_bar_shows_the_share_the_control_and_the_limit(privacy):
    found = row(privacy, "Finds the person")
    assert (found.share_percent, found.control_percent, found.limit_percent) == (2.0, 100.0, 10.7)
    assert (found.is_within, found.limit_words) == (True, "11\N{NBSP}%")
    assert "128 of whom are synthetic" in found.meaning


def test_an_attacker_who_has_the_method_is_read_against_what_a_box_leaves(privacy):
    found = row(privacy, "Finds the person, knowing the method")
    assert (found.limit, found.is_within) == (0.5, True)
    assert row(privacy, "Finds the person after restoring").is_within
    card = hidden_video().privacy
    card["informed"]["rank1"] = 0.51
    assert row(privacy_rows(card, usual_limits()), found.name).is_within is False


def test_a_version_that_passes_in_tests_has_no_number_outside(privacy, expression):
    assert [one.name for one in (*privacy, *expression) if one.is_within is False] == []


def test_a_chance_below_one_in_a_hundred_is_not_written_as_none():
    card = hidden_video().privacy | {"rank1_chance": 0.002}
    assert "chance is <\N{NBSP}1\N{NBSP}%" in row(privacy_rows(card), "Finds the person").meaning


def test_a_limit_is_a_share_also_where_the_value_was_not_measured():
    card = hidden_video().expression | {"agreement": None}
    found = row(expression_rows(card, usual_limits()), "Classified alike")
    assert (found.value, found.limit_words) == ("not measured", "80\N{NBSP}%")


def test_behind_a_mask_without_a_face_one_line_says_that_nothing_was_compared():
    card = hidden_video().expression | {"agreement": None, "detection_retained": 0.0}
    assert [one.name for one in expression_rows(card, usual_limits())] == ["Face still found", "Expression"]


def test_each_model_channel_and_emotion_has_a_row_beside_the_control(expression):
    assert row(expression, "Classified alike by densenet").meaning == "of 40 seconds"
    assert (row(expression, "Kappa of densenet").value, row(expression, "Kappa of densenet").control) == (
        "0.70",
        "0.80",
    )
    assert row(expression, "Classified as happiness").control_percent == 90
    assert row(expression, "Classified as anger").share is None
    assert row(expression, "Movement: mouth open").limit == pytest.approx(0.98 * 0.95)
    assert row(expression, "Movement: brow gap").value == "not measured"
    assert row(expression, "Trembling of landmarks").value == "1.10"


def test_cards_of_before_there_were_limits_or_attackers_are_still_shown():
    old = hidden_video()
    for name in ("informed", "restored", "control", "gallery"):
        old.privacy.pop(name)
    old.expression.pop("models")
    old.expression["control"].pop("models")
    assert row(privacy_rows(old.privacy), "Finds the person").is_within is None
    assert row(expression_rows(old.expression), "Classified alike").limit_percent is None


@pytest.mark.parametrize(
    ("sound", "said"),
    [("removed", "none"), ("masked-in-spans", "all, outside of marked spans"), ("kept", "all")],
)
def test_the_card_says_whose_voices_the_file_says_are_heard(sound, said):
    found = voices_row({"heard": {"sound": sound, "voices": VOICES[sound]}})
    assert (found.name, found.value) == ("Voices", said)


def test_whatever_a_mark_says_of_the_sound_has_words_and_an_old_file_says_nothing():
    assert all(voices_row({"heard": {"sound": sound}}).meaning for sound in VOICES)
    assert voices_row({}).value == "not stated"


def test_the_page_of_a_version_and_its_card_say_whose_voices_are_heard(signed_in, recording, alice):
    one = add_derivative(recording, alice)
    Derivative.objects.filter(pk=one.pk).update(media=one.media | {"heard": {"sound": "masked-in-spans"}})
    assert "all, outside of marked spans" in signed_in(alice).get(one.get_absolute_url()).content.decode()


def measured(recording, alice, *, risk, kept, verdict="pass"):
    one = add_derivative(recording, alice, verdict=verdict)
    Derivative.objects.filter(pk=one.pk).update(
        privacy=one.privacy | {"rank1": risk}, expression=one.expression | {"agreement": kept}
    )
    one.refresh_from_db()
    return one


def test_a_version_stands_where_its_two_numbers_say(recording, alice):
    (chart,) = make_charts(
        make_rows([(measured(recording, alice, risk=0.25, kept=0.5), None)]), usual_limits()
    )
    (mark,) = chart.marks
    assert (mark.x, mark.y) == (LEFT + WIDTH / 4, TOP + HEIGHT / 2)
    assert mark.label == "1"


def test_versions_that_lie_on_each_other_share_a_label(recording, alice):
    versions = [measured(recording, alice, risk=0.25, kept=0.5) for _ in range(2)]
    (chart,) = make_charts(make_rows([(one, None) for one in versions]), usual_limits())
    assert [mark.label for mark in chart.marks] == ["2, 1", ""]


def test_a_version_keeps_its_number_when_another_is_made(recording, alice, signed_in):
    first, second = add_derivative(recording, alice), add_derivative(recording, alice)
    versions = [(one, None) for one in versions_of(recording.encounter)]
    assert [(one.number, one.version) for one in make_rows(versions)] == [(2, second), (1, first)]
    page = signed_in(alice).get(first.get_absolute_url()).content.decode()
    assert "Version 1 of" in page


def test_without_a_version_that_was_compared_with_others_there_is_no_chart(recording, alice):
    rows = make_rows([(measured(recording, alice, risk=None, kept=0.5), None)])
    assert make_charts([], usual_limits()) == make_charts(rows, usual_limits()) == []
    assert rows[0].risk_words == "not measured"


def test_what_was_not_measured_is_drawn_below_and_not_as_nothing_kept(recording, alice):
    versions = [measured(recording, alice, risk=0.0, kept=kept) for kept in (None, 0.0)]
    rows = make_rows([(one, None) for one in versions])
    (chart,) = make_charts(rows, usual_limits())
    assert [(mark.y, mark.row) for mark in chart.marks] == [(UNREAD_Y, rows[0]), (TOP + HEIGHT, rows[1])]
    assert UNREAD_Y > TOP + HEIGHT
    assert [row.kept_words for row in rows] == ["not measured", "0\N{NBSP}%"]
    assert [one.has_unread for one in (chart, *make_charts(rows[1:], usual_limits()))] == [True, False]
    assert make_charts(rows[:1], usual_limits()) == []


def test_the_page_has_the_chart_and_the_same_numbers_in_its_table(recording, alice, encounter, signed_in):
    version = measured(recording, alice, risk=0.25, kept=0.5, verdict="fail")
    page = signed_in(alice).get(reverse("deidjobs:versions", args=[encounter.pk])).content.decode()
    assert page.count(version.get_absolute_url()) == 2
    assert "chart-fail" in page
    assert "<td>25\N{NBSP}%</td><td>50\N{NBSP}%</td>" in page
