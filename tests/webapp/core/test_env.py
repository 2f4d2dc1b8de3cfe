from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from webapp.core.env import Environment


def test_absent_value_gives_the_default():
    env = Environment({})
    assert env.flag("X", default=True) is True
    assert env.integer("X", 3) == 3
    assert env.names("X", ("a",)) == ["a"]
    assert env.path("X", Path("/default")) == Path("/default")


@pytest.mark.parametrize(("text", "expected"), [("1", True), ("Yes", True), ("off", False), ("0", False)])
def test_flag_reads_words_for_yes_and_no(text, expected):
    assert Environment({"X": text}).flag("X", default=not expected) is expected


@pytest.mark.parametrize(
    "read",
    [
        lambda env: env.flag("X", default=False),
        lambda env: env.integer("X", 1),
        lambda env: env.choice("X", "a", ("a", "b")),
    ],
)
def test_unknown_value_refuses_to_start(read):
    with pytest.raises(ImproperlyConfigured, match="X must be"):
        read(Environment({"X": "maybe"}))


def test_number_below_its_minimum_refuses_to_start():
    with pytest.raises(ImproperlyConfigured, match="at least 1"):
        Environment({"X": "0"}).integer("X", 5, minimum=1)


@pytest.mark.parametrize("value", ["", "short"])
def test_no_secret_has_a_usable_default(value):
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY"):
        Environment({"SECRET_KEY": value}).secret("SECRET_KEY", debug=False)


def test_debug_alone_may_use_an_unsafe_secret():
    assert "unsafe" in Environment({}).secret("SECRET_KEY", debug=True)
