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
