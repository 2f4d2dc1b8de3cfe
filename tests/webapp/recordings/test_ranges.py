from __future__ import annotations

import pytest

from webapp.recordings.ranges import ByteRange, Unsatisfiable, parse_range

WHOLE = None


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, WHOLE),
        ("", WHOLE),
        ("bytes=0-1", ByteRange(0, 2)),
        ("bytes=0-", ByteRange(0, 100)),
        ("bytes=0-0", ByteRange(0, 1)),
        ("bytes=99-", ByteRange(99, 100)),
        ("bytes=50-1000", ByteRange(50, 100)),
        ("bytes=-1", ByteRange(99, 100)),
        ("bytes=-1000", ByteRange(0, 100)),
        (" bytes=3-4 ", ByteRange(3, 5)),
        ("bytes=5-4", WHOLE),
        ("bytes=-", WHOLE),
        ("bytes=a-b", WHOLE),
        ("bytes=0-1,5-6", WHOLE),
        ("items=0-1", WHOLE),
        ("bytes=٣-٤", WHOLE),
        ("bytes=0-" + "9" * 30, WHOLE),
    ],
)
def test_a_header_asks_for_these_bytes_of_a_hundred(header, expected):
    assert parse_range(header, 100) == expected


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_outside_of_the_file_cannot_be_satisfied(header):
    with pytest.raises(Unsatisfiable):
        parse_range(header, 100)


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=-5"])
def test_an_empty_file_satisfies_no_range(header):
    with pytest.raises(Unsatisfiable):
        parse_range(header, 0)
