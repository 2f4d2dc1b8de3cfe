"""Can a stranger tell by the clock what is absent from what is forbidden? `python -m benchmarks.absent`.

Prints, per address, the median of both and how often a forbidden answer is slower than an absent one: .5 says
nothing to a stranger, 0 or 1 everything. What chance alone does to that share is printed beside it.
"""

from __future__ import annotations

import json
import logging
import os
import random
import statistics
import sys
import time
import uuid
from typing import Any

TIMES = 400


def share_slower(ones: list[float], others: list[float]) -> float:
    """Return the share of pairs in which the first is larger, ties counted half.

    >>> share_slower([2.0, 3.0], [1.0, 3.0])
    0.625
    """
    wins = sum((one > other) + 0.5 * (one == other) for one in ones for other in others)
    return wins / (len(ones) * len(others))


def _main() -> None:
    import django

    django.setup()
    logging.disable(logging.WARNING)
    from django.test import Client

    from benchmarks.pages import ENCOUNTERS, fill
    from webapp.accounts.models import User
    from webapp.studies.services import add_member, create_study

    fill("large", ENCOUNTERS)
    stranger = User.objects.create_user("carol@hospital.example", display_name="Carol")
    other = create_study(actor=stranger, slug="other", title="Another study")
    add_member(actor=stranger, study=other, user=stranger, role="owner")
    client = Client(SERVER_NAME="localhost")
    client.force_login(stranger, backend="allauth.account.auth_backends.AuthenticationBackend")
    found = {name: _compare(client, *pair) for name, pair in _addresses().items()}
    print(json.dumps(found))


def _addresses() -> dict[str, tuple[list[str], ...]]:
    """Return by name the addresses of things that are there, and as many of things that are not."""
    from django.urls import reverse

    from webapp.analysis.models import AnalysisRun
    from webapp.recordings.models import Recording
    from webapp.studies.models import Encounter

    routes = {
        "analysis:encounter": Encounter,
        "recordings:video": Recording,
        "analysis:api_timeline": AnalysisRun,
    }
    found = {}
    for name, model in routes.items():
        present = model._default_manager.values_list("pk", flat=True)[:TIMES]
        missing = [uuid.uuid4() for _ in range(TIMES)]
        found[name] = tuple([reverse(name, args=[pk]) for pk in pks] for pks in (present, missing))
    return found


def _compare(client: Any, forbidden: list[str], absent: list[str]) -> dict[str, float]:
    """Ask for both kinds in a random order, so that a busy machine slows down both alike."""
    order = [(0, address) for address in forbidden] + [(1, address) for address in absent]
    random.Random(0).shuffle(order)  # noqa: S311  no secret hangs on it
    times: tuple[list[float], list[float]] = ([], [])
    for kind, address in order:
        started = time.perf_counter()
        answer = client.get(address)
        times[kind].append(1000 * (time.perf_counter() - started))
        assert answer.status_code == 404, address
    return {
        "forbidden_ms": round(statistics.median(times[0]), 3),
        "absent_ms": round(statistics.median(times[1]), 3),
        "slower": round(share_slower(*times), 3),
        "chance": round(1.96 * ((2 * TIMES + 1) / (12 * TIMES * TIMES)) ** 0.5, 3),
    }


def main() -> None:
    """Measure in a site of its own and print."""
    from benchmarks.pages import run_in_site

    for name, figures in run_in_site("benchmarks.absent").items():
        pair = f"forbidden {figures['forbidden_ms']} ms, absent {figures['absent_ms']} ms"
        print(f"{name}: {pair}; forbidden slower in {figures['slower']} (.5 ± {figures['chance']} is chance)")


if __name__ == "__main__":
    _main() if os.environ.get("SECRET_KEY", "").startswith("only-for-benchmarks-") else main()
    sys.exit(0)
