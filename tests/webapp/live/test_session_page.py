"""The page of a live session."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.django_db


def test_a_session_is_ended_in_two_steps(client, live, alice):
    client.force_login(alice)
    page = client.get(f"/live/{live.pk}/").content.decode()
    folded = " ".join(re.findall(r"<details[^>]*>.*?</details>", page, re.DOTALL))
    address = f'action="/live/{live.pk}/end/"'
    assert page.count(address) == folded.count(address) == 1
    assert "<details open" not in page
    client.post(f"/live/{live.pk}/end/")
    assert "This session has ended." in client.get(f"/live/{live.pk}/").content.decode()
