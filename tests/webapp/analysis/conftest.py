from __future__ import annotations

import pytest

from tests.webapp.records import add_recording, add_run
from webapp.analysis.models import AnalysisRun


@pytest.fixture
def cameras(encounter) -> dict:
    return {camera: add_recording(encounter, camera) for camera in ("doctor", "patient")}


@pytest.fixture
def run(encounter, cameras) -> AnalysisRun:
    return add_run(encounter)
