from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from emotion.prefetch import map_ahead, prefetch


def test_nothing_gives_nothing():
    with prefetch(lambda: iter(()), ahead=2) as items:
        assert list(items) == []


def test_items_arrive_in_order():
    with prefetch(lambda: iter(range(50)), ahead=3) as items:
        assert list(items) == list(range(50))


def test_error_of_the_source_comes_after_what_it_gave():
    def source() -> Iterator[int]:
        yield 1
        raise KeyError("broken")

    with prefetch(source, ahead=2) as items:
        assert next(items) == 1
        with pytest.raises(KeyError, match="broken"):
            next(items)


def test_error_of_the_consumer_stops_the_thread_and_closes_the_source():
    closed = threading.Event()

    def source() -> Iterator[int]:
        try:
            yield from range(1_000_000)
        finally:
            closed.set()

    with pytest.raises(ZeroDivisionError), prefetch(source, ahead=2) as items:
        next(items)
        raise ZeroDivisionError
    assert closed.is_set()
    assert not [thread for thread in threading.enumerate() if thread.name == "prefetch"]


def test_source_never_runs_further_ahead_than_it_may():
    made: list[int] = []

    def source() -> Iterator[int]:
        for number in range(20):
            made.append(number)
            yield number

    with prefetch(source, ahead=3) as items:
        next(items)
        time.sleep(0.3)
        assert len(made) <= 5  # the one taken, three waiting, one in hand


def test_items_in_work_side_by_side_come_back_in_order():
    together = threading.Barrier(2, timeout=5)

    def work(number: int) -> int:
        together.wait()  # passes only when two are in work at once
        time.sleep(0.02 if number % 2 == 0 else 0)
        return number * number

    assert list(map_ahead(work, range(8), workers=2)) == [(number, number * number) for number in range(8)]


def test_items_are_taken_only_as_workers_need_them():
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    results = map_ahead(lambda number: number, items(), workers=3)
    next(results)
    assert len(taken) == 4
    results.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]


def test_an_error_of_the_work_comes_where_its_item_would_have_come():
    results = map_ahead(lambda number: 6 // (2 - number), range(5), workers=2)
    assert [next(results), next(results)] == [(0, 3), (1, 6)]
    with pytest.raises(ZeroDivisionError):
        next(results)
