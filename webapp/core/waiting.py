"""What waits for a person. Each app tells what it knows from AppConfig.ready; Home shows all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest


@dataclass(frozen=True)
class WaitingItem:
    """One line on Home. urgency: lower comes first."""

    title: str
    detail: str
    url: str
    action: str
    urgency: int = 5


Provider = Callable[[Any], Iterable[WaitingItem]]
_PROVIDERS: list[Provider] = []


def register_provider(provider: Provider) -> None:
    _PROVIDERS.append(provider)


def waiting_for(request: HttpRequest) -> list[WaitingItem]:
    """Return everything that waits for the signed-in user, most urgent first."""
    items = [item for provider in _PROVIDERS for item in provider(request.user)]
    return sorted(items, key=lambda item: (item.urgency, item.title))


@dataclass(frozen=True)
class WaitingCount:
    """One line on a study's overview: how many things wait for somebody there, not only for the reader."""

    who: str
    what: str
    count: int
    url: str


Counter = Callable[[Any, Any], Iterable[WaitingCount]]
_COUNTERS: list[Counter] = []


def register_counter(provider: Counter) -> None:
    _COUNTERS.append(provider)


def counts_waiting_in(user: Any, study: Any) -> list[WaitingCount]:
    """Return what waits for whom in a study, as far as the user sees it; what is empty is left out."""
    found = [count for provider in _COUNTERS for count in provider(user, study) if count.count]
    return sorted(found, key=lambda count: (count.who, -count.count))
