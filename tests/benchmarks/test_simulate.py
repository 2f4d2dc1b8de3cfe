from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.simulate import ADVICE, Costs, simulate

FREE = Costs(work_s=2.0, database_s=0.0, locked_s=0.0, storage_mb=0.0, storage_mb_per_s=1.0, broker_s=0.0)


def test_without_shared_costs_workers_scale_without_loss():
    assert [simulate(workers, FREE).segments_per_s for workers in (1, 10, 200)] == pytest.approx(
        [0.5, 5.0, 100.0], rel=0.02
    )


def test_one_worker_does_one_segment_in_the_sum_of_its_costs():
    costs = replace(FREE, database_s=0.5, storage_mb=0.25, broker_s=0.125, locked_s=0.125)
    assert simulate(1, costs).segments_per_s == pytest.approx(1 / 3.0, rel=0.02)


@pytest.mark.parametrize(
    ("shared", "limit", "rate"),
    [
        ({"database_s": 0.4, "database_cores": 4}, "database", 10.0),
        ({"storage_mb": 50.0, "storage_mb_per_s": 500.0}, "storage", 10.0),
        ({"broker_s": 0.1}, "broker", 10.0),
        ({"locked_s": 0.1}, "job_row", 10.0),
    ],
)
def test_many_workers_come_up_against_what_they_share(shared, limit, rate):
    outcome = simulate(200, replace(FREE, **shared))
    assert outcome.limit == limit
    assert outcome.limit in ADVICE
    assert outcome.segments_per_s == pytest.approx(rate, rel=0.03)


def test_more_workers_never_do_less():
    rates = [simulate(workers, Costs()).segments_per_s for workers in (1, 2, 5, 10, 20, 50, 100, 200)]
    assert rates == sorted(rates)
