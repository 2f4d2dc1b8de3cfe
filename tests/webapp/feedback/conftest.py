from __future__ import annotations

import pytest

from tests.webapp.records import add_recording, add_run
from webapp.feedback.models import Reflection


@pytest.fixture
def run(encounter):
    for camera in ("doctor", "patient"):
        add_recording(encounter, camera)
    return add_run(encounter)


@pytest.fixture
def reflection(encounter, dora) -> Reflection:
    return Reflection.objects.create(encounter=encounter, doctor=dora, text="I spoke too fast.")
