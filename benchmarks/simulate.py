"""How far workers scale, and what gives out first: `python -m benchmarks.simulate [--work-s 3.2 …]`.

A simulation by events. Every segment costs its worker time of its own, and time of four things that all
workers share and for which they queue: the database, the storage, the broker, and the row of the job that a
segment belongs to (only one transaction at a time may count its progress). The costs are those that
`python -m benchmarks.jobs` measures; put in your own.
"""

from __future__ import annotations

import argparse
import heapq
import json
from dataclasses import asdict, dataclass, fields

WORKERS = (1, 2, 5, 10, 20, 50, 100, 200)
ENCOUNTERS = 100_000
SEGMENTS_PER_ENCOUNTER = 2 * 40  # two cameras of twenty minutes
ADVICE = {
    "workers": "add workers",
    "database": "give PostgreSQL more cores, or report progress less often",
    "storage": "use faster storage, or copy a recording to the worker's own disk once",
    "broker": "add a Redis instance per queue",
    "job_row": "let jobs run side by side: give segments no precedence over the next job",
}


@dataclass(frozen=True)
class Costs:
    """What one segment of 30 s costs. work_s: computing, on the worker alone. database_s: busy time of the
    database for claim, progress, heartbeat and end; database_cores of them at a time. locked_s: how long the
    job's row is held. storage_mb, storage_mb_per_s: what is read and written, and how fast all of it can be.
    broker_s: sending, fetching and acknowledging its message.
    """

    work_s: float = 3.2
    database_s: float = 0.012
    database_cores: int = 4
    locked_s: float = 0.003
    storage_mb: float = 15.0
    storage_mb_per_s: float = 400.0
    broker_s: float = 0.0006


@dataclass(frozen=True)
class Outcome:
    """What a number of workers does. use: share of the time that each shared thing is busy. limit: the
    busiest of them, or the workers while nothing shared is busy for 90 % of the time.
    """

    workers: int
    segments_per_s: float
    efficiency: float
    days_for_all: float
    limit: str
    use: dict[str, float]


class _Shared:
    """Something with `places` places, taken in the order of arrival."""

    def __init__(self, places: int) -> None:
        self._free_at = [0.0] * places
        self.busy_s = 0.0

    def take(self, at_s: float, for_s: float) -> float:
        """Return when a piece of work that arrives at at_s is done."""
        begin = max(at_s, heapq.heappop(self._free_at))
        heapq.heappush(self._free_at, begin + for_s)
        self.busy_s += for_s
        return begin + for_s


def simulate(workers: int, costs: Costs, *, segments_each: int = 100) -> Outcome:
    """Return what so many workers do in the steady state.

    Jobs are worked on one after another, as the queue's order has it, so that all workers meet at the row of
    one job.
    """
    shared = {
        "database": _Shared(costs.database_cores),
        "storage": _Shared(1),
        "broker": _Shared(1),
        "job_row": _Shared(1),
    }
    steps = (
        ("broker", costs.broker_s),
        ("database", costs.database_s / 2),
        ("storage", costs.storage_mb / costs.storage_mb_per_s),
        (None, costs.work_s),
        ("database", costs.database_s / 2),
        ("job_row", costs.locked_s),
    )
    total = workers * segments_each
    events = [(costs.work_s * worker / workers, worker, 0) for worker in range(workers)]
    heapq.heapify(events)
    done, now_s = 0, 0.0
    while done < total:
        now_s, worker, step = heapq.heappop(events)
        name, for_s = steps[step]
        after_s = now_s + for_s if name is None else shared[name].take(now_s, for_s)
        last = step + 1 == len(steps)
        done += last
        heapq.heappush(events, (after_s, worker, 0 if last else step + 1))
    return _outcome(workers, costs, total / now_s, now_s, shared)


def _outcome(workers: int, costs: Costs, rate: float, until_s: float, shared: dict[str, _Shared]) -> Outcome:
    places = {name: costs.database_cores if name == "database" else 1 for name in shared}
    use = {name: min(1.0, one.busy_s / until_s / places[name]) for name, one in shared.items()}
    busiest = max(use, key=lambda name: use[name])
    return Outcome(
        workers=workers,
        segments_per_s=round(rate, 2),
        efficiency=round(rate * costs.work_s / workers, 3),
        days_for_all=round(ENCOUNTERS * SEGMENTS_PER_ENCOUNTER / rate / 86400, 1),
        limit=busiest if use[busiest] >= 0.9 else "workers",
        use={name: round(share, 3) for name, share in use.items()},
    )


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulate", description=__doc__)
    for cost in fields(Costs):
        flag = f"--{cost.name.replace('_', '-')}"
        parser.add_argument(flag, type=type(cost.default), default=cost.default)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = vars(parser.parse_args())
    as_json = arguments.pop("json")
    outcomes = [simulate(workers, Costs(**arguments)) for workers in WORKERS]
    if as_json:
        print(json.dumps([asdict(one) for one in outcomes]))
        return
    print(f"{'workers':>7} {'segments/s':>10} {'efficiency':>10} {'days':>8}  limit")
    for one in outcomes:
        print(
            f"{one.workers:>7} {one.segments_per_s:>10} {one.efficiency:>10.0%} {one.days_for_all:>8}  "
            f"{one.limit}: {ADVICE[one.limit]}"
        )


if __name__ == "__main__":
    main()
