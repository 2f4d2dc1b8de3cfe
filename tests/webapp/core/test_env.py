import base64
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


def test_addresses_of_the_site_and_of_its_mail_server_are_read():
    env = Environment({"SITE": "https://lab.example/", "MAIL": "smtp+tls://post:a%40b@mail.example"})
    assert env.origin("SITE") == "https://lab.example"
    found = env.mail_server("MAIL")
    names = ("HOST", "PORT", "HOST_USER", "HOST_PASSWORD", "USE_TLS", "USE_SSL")
    assert [found[f"EMAIL_{name}"] for name in names] == ["mail.example", 587, "post", "a@b", True, False]


def test_without_a_mail_server_messages_go_to_the_console():
    assert Environment({}).origin("SITE") == ""
    assert "console" in Environment({}).mail_server("MAIL")["EMAIL_BACKEND"]


@pytest.mark.parametrize(
    "value", ["lab.example", "ftp://lab.example", "https://lab.example/path", "https://"]
)
def test_an_address_that_is_no_sites_refuses_to_start(value):
    with pytest.raises(ImproperlyConfigured, match="X must be like"):
        Environment({"X": value}).origin("X")


@pytest.mark.parametrize("value", ["mail.example", "http://mail.example", "smtp://", "smtp://host:lots"])
def test_an_address_that_is_no_mail_servers_refuses_to_start_without_printing_its_password(value):
    with pytest.raises(ImproperlyConfigured, match="X must be like") as found:
        Environment({"X": value}).mail_server("X")
    assert value not in str(found.value)


def in_base64(*keys: bytes) -> str:
    return ", ".join(base64.b64encode(key).decode() for key in keys)


def test_keys_come_in_their_order_and_in_either_alphabet():
    one, two = b"\xfb\xff" * 16, b"2" * 32
    assert Environment({}).keys("X") == []
    assert Environment({"X": in_base64(one, two)}).keys("X") == [one, two]
    assert Environment({"X": base64.urlsafe_b64encode(one).decode()}).keys("X") == [one]


@pytest.mark.parametrize(
    "value",
    ["secret", "!" * 44, in_base64(b"1" * 31), in_base64(b"1" * 32) + ",x", in_base64(b"1" * 32, b"1" * 32)],
)
def test_a_key_that_is_none_refuses_to_start_and_is_not_repeated(value):
    with pytest.raises(ImproperlyConfigured, match="X must hold") as raised:
        Environment({"X": value}).keys("X")
    assert not [part for part in value.split(",") if len(part) > 1 and part.strip() in str(raised.value)]
