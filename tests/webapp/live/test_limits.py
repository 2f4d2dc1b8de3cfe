"""Clock, speed, pace and latency: small machines without a clock of their own."""

from __future__ import annotations

from webapp.live.clock import NEAR_US, CameraClock
from webapp.live.latency import Latencies
from webapp.live.limits import SpeedLimit, parse_frame

NOW_US = 1_700_000_000_000_000


def test_a_message_is_eight_bytes_of_time_and_a_jpeg():
    frame = parse_frame((1234).to_bytes(8, "big") + b"\xff\xd8\xff\xe0 picture")
    assert (frame.capture_us, frame.jpeg) == (1234, b"\xff\xd8\xff\xe0 picture")
    for message in (b"", b"12345678", b"1234567\xff\xd8\xff", b"12345678GIF89a"):
        assert parse_frame(message) is None


def test_a_clock_near_the_servers_is_taken_as_it_is_but_never_into_the_future():
    clock = CameraClock()
    assert clock.to_server(NOW_US - 80_000, NOW_US) == NOW_US - 80_000
    assert clock.to_server(NOW_US + 50_000, NOW_US + 10_000) == NOW_US + 10_000


def test_a_foreign_clock_is_moved_so_that_its_quickest_frame_arrived_at_once():
    clock = CameraClock()
    assert clock.to_server(0, NOW_US) == NOW_US
    assert clock.to_server(100_000, NOW_US + 150_000) == NOW_US + 100_000
    assert clock.to_server(200_000, NOW_US + 190_000) == NOW_US + 190_000
    assert clock.to_server(300_000, NOW_US + 400_000) == NOW_US + 290_000


def test_a_clock_that_is_wrong_by_more_than_the_tolerance_counts_as_foreign():
    assert CameraClock().to_server(NOW_US - NEAR_US - 1, NOW_US) == NOW_US


def test_a_frame_sent_again_is_not_new():
    clock = CameraClock()
    assert clock.is_new(5)
    clock.to_server(5, NOW_US)
    assert not clock.is_new(5)
    assert not clock.is_new(4)
    assert clock.is_new(6)


def test_a_burst_passes_and_a_flood_does_not():
    limit = SpeedLimit(per_s=30, burst=60)
    assert [limit.allows(NOW_US) for _ in range(61)] == [True] * 60 + [False]
    assert limit.allows(NOW_US + 40_000)
    assert not limit.allows(NOW_US + 41_000)


def test_thirty_frames_a_second_are_never_too_many():
    limit = SpeedLimit(per_s=30, burst=60)
    assert all(limit.allows(NOW_US + step * 33_334) for step in range(3000))


def test_figures_of_latency_are_medians_and_nearest_ranks():
    latencies = Latencies()
    assert latencies.figures() is None
    assert latencies.add(100, 0.0) == {"p50_ms": 100.0, "p95_ms": 100.0, "n": 1.0}
    for value in range(1, 100):
        assert latencies.add(value, 1.0) is None
    assert latencies.figures() == {"p50_ms": 50.0, "p95_ms": 95.0, "n": 100.0}


def test_what_is_no_latency_is_left_out():
    latencies = Latencies()
    for value in (None, "80", True, -1, 1e9, float("nan")):
        assert latencies.add(value, 0.0) is None
    assert latencies.figures() is None
