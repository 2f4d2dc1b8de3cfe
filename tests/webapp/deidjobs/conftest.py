from __future__ import annotations

import uuid

import pytest
from django.db import transaction

from tests.webapp.records import add_recording
from webapp import engines
from webapp.deidjobs import services
from webapp.deidjobs.models import Derivative
from webapp.deidjobs.storage import version_path
from webapp.engines import HiddenVideo, usual_limits
from webapp.recordings.models import Recording

CHANNELS = ("mouth_open", "brow_gap")


def hidden_video(verdict: str = "pass") -> HiddenVideo:
    control = {
        "detection_retained": 1.0,
        "agreement": 0.95,
        "channels": dict.fromkeys(CHANNELS, 0.98),
        "per_emotion": {"anger": 0.2, "happiness": 0.9},
        "jitter_ratio": 1.0,
        "models": [{"model": "densenet", "seconds": 40, "agreement": 0.95, "kappa": 0.8}],
    }
    return HiddenVideo(
        recipe={"method": "blur", "seed": 7},
        report={"found_by_second_detector": 0, "gaps_to_review": []},
        privacy={
            "frames": 100,
            "residual_face_frames": 0,
            "residual_rate_upper95": 0.03,
            "rank1": 0.02,
            "rank1_chance": 0.007,
            "tar_at_far_1e2": 0.0,
            "similarity": {"mean": 0.03, "max": 0.1},
            "gallery_size": 141,
            "gallery": {"real": 12, "synthetic": 128},
            "threshold": 0.242,
            "control": {"rank1": 1.0, "tar_at_far_1e2": 1.0, "similarity": {"mean": 0.9, "max": 1.0}},
            "restored": {"rank1": 0.05},
            "informed": {
                "rank1": 0.45,
                "rank1_chance": 0.077,
                "gallery_size": 13,
                "attacker": "hid a second of everybody",
                "control": {"rank1": 0.4},
            },
        },
        expression={
            "detection_retained": 1.0,
            "agreement": 0.9,
            "landmark_channels": {"mouth_open": 0.97, "brow_gap": None},
            "per_emotion": {"anger": None, "happiness": 0.8},
            "jitter_ratio": 1.1,
            "models": [{"model": "densenet", "seconds": 40, "agreement": 0.9, "kappa": 0.7}],
            "control": control,
        },
        media={"frames_in": 100, "frames_out": 100},
        verdict=verdict,
        reasons=[] if verdict == "pass" else ["a reason"],
        limits=usual_limits(),
        sha256="b" * 64,
        size_bytes=12,
    )


def add_derivative(
    recording: Recording, actor, *, verdict: str = "pass", audio: str = "remove"
) -> Derivative:
    job = services.request_derivative(
        recording=recording, actor=actor, method="blur", audio=audio, donor="auto"
    )
    pk = uuid.uuid4()
    path = version_path(recording.pk, pk)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"hidden video")
    with transaction.atomic():
        return services.write_derivative(recording=recording, job=job, pk=pk, hidden=hidden_video(verdict))


@pytest.fixture
def recording(encounter, alice) -> Recording:
    return add_recording(encounter, "patient", uploaded_by=alice)


@pytest.fixture
def derivative(recording, alice) -> Derivative:
    return add_derivative(recording, alice)


@pytest.fixture
def drawing(monkeypatch):
    """Workers that draw means without a network; see DrawingMeans."""
    from tests.webapp.deidjobs.lenders import DrawingMeans  # which needs what is above

    stub = DrawingMeans()
    monkeypatch.setattr(engines, "plan_hiding", stub.plan)
    monkeypatch.setattr(engines, "hide_step", stub.step)
    monkeypatch.setattr(engines, "finish_hiding", stub.finish)
    monkeypatch.setattr(engines, "forget_hiding", lambda job, name: (job.folder / name).unlink())
    return stub
