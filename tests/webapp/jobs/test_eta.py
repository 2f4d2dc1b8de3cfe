from __future__ import annotations

import random

from webapp.jobs.eta import RemainingTime


def test_nothing_is_said_before_there_was_progress():
    eta = RemainingTime()
    assert [eta.report(at_s=at_s, fraction=0.0) for at_s in (0.0, 30.0, 60.0)] == [None, None, None]


def test_even_work_gives_an_exact_estimate():
    eta = RemainingTime()
    answers = [eta.report(at_s=100.0 + s, fraction=s / 200) for s in range(200)]
    assert answers[:3] == [None, None, None]
    assert all(abs(answer - (200 - s)) < 0.11 for s, answer in enumerate(answers[3:], start=3))


def test_what_was_done_before_the_first_report_is_not_mistaken_for_speed():
    eta = RemainingTime()
    assert eta.report(at_s=50.0, fraction=0.5) is None
    assert eta.report(at_s=60.0, fraction=0.6) is None
    assert eta.report(at_s=70.0, fraction=0.7) == 30.0


def test_loading_networks_before_the_first_progress_does_not_look_like_slow_work():
    eta = RemainingTime()
    reports = [(0.0, 0.2), (20.0, 0.2), (40.0, 0.2001), (50.0, 0.3)]
    assert [eta.report(at_s=at_s, fraction=fraction) for at_s, fraction in reports][-1] < 80


def test_uneven_work_does_not_throw_the_estimate_about():
    chance = random.Random(7)
    eta = RemainingTime()
    at_s, done, previous, jumps = 0.0, 0.0, None, []
    while done < 0.9:
        at_s += 1.0
        done += chance.uniform(0.001, 0.009)
        answer = eta.report(at_s=at_s, fraction=done)
        if previous is not None and at_s > 10:
            jumps.append(abs(answer - (previous - 1)) / previous)
        previous = answer
    assert max(jumps) < 0.15
