"""Recordings and runs written straight into database and data folder, for tests that start behind them."""

from __future__ import annotations

import hashlib
from typing import Any

from django.db import transaction

from webapp.analysis import services
from webapp.analysis.models import AnalysisRun
from webapp.analysis.queries import KIND, analysable
from webapp.analysis.timelines import EMOTIONS, STATUSES
from webapp.engines import Findings
from webapp.jobs.models import Job
from webapp.jobs.services import create_job
from webapp.live.models import LiveSession, Suggestion
from webapp.recordings import storage
from webapp.recordings.models import Recording
from webapp.studies.models import Encounter


def add_recording(
    encounter: Encounter, camera: str, data: bytes = b"not really a video", **fields: Any
) -> Recording:
    values = {
        "state": "ready",
        "duration_us": 3_000_000,
        "width": 640,
        "height": 480,
        "frame_rate": "25",
        **fields,
    }
    recording = Recording.objects.create(
        encounter=encounter,
        camera=camera,
        original_name=f"{camera}.mp4",
        suffix=".mp4",
        size_bytes=len(data),
        sha256=hashlib.sha256(data + camera.encode()).hexdigest(),
        **values,
    )
    storage.recording_dir(recording.pk).mkdir(parents=True)
    storage.original_path(recording).write_bytes(data)
    storage.poster_path(recording).write_bytes(b"\xff\xd8 picture")
    return recording


def add_job(encounter: Encounter, *, actor: Any = None, model: str = "human") -> Job:
    return create_job(
        kind=KIND,
        params={"model": model},
        subject_id=encounter.pk,
        requested_by=actor,
        study_id=encounter.study_id,
        purpose="analyse",
    )


def add_run(encounter: Encounter, found: Findings | None = None) -> AnalysisRun:
    job = add_job(encounter)
    with transaction.atomic():
        run = services.write_run(
            encounter=encounter, job=job, cameras=analysable(encounter), found=found or findings()
        )
    Job.objects.filter(pk=job.pk).update(state="done", finished_at=run.finished_at)
    return run


def add_suggestion(session: LiveSession, second: int = 0, **fields: Any) -> Suggestion:
    values = {"rule": "patient-sadness-name", "text": "Pause.", "language": "en", "framework": "NURSE"}
    more = {"severity": "notice", "confidence": 0.7}
    return Suggestion.objects.create(session=session, second=second, **(values | more | fields))


def findings(cameras: tuple[str, ...] = ("doctor", "patient"), seconds: int = 3) -> Findings:
    """Return a run in which everyone is happy, but for one second without a face."""
    return Findings(
        model="human",
        params={"sample_fps": "5"},
        versions={"emotion": "0"},
        weights={"human": "a" * 64},
        sync={"offset_ms": 640.0, "confidence": 0.9, "method": "sound", "applied": True},
        offsets_ms=dict(zip(cameras, (0.0, 640.0), strict=False)),
        summary={"cameras": {camera: _camera(camera, seconds) for camera in cameras}},
        rows=[_row(camera, second) for camera in cameras for second in range(seconds)],
        faces=[_face(camera, 200 * index) for camera in cameras for index in range(5 * (seconds - 1))],
    )


def _row(camera: str, second: int) -> dict[str, Any]:
    row: dict[str, Any] = {"camera": camera, "second": second, "role": camera, "frames_sampled": 5}
    if second == 2:
        return row | {"status": "no_face", "frames_detected": 0}
    probs = dict.fromkeys(EMOTIONS, 0.05) | {"happiness": 0.7}
    found = {"status": "ok", "track": 1, "emotion": "happiness", "confidence": 0.7, "frames_detected": 5}
    return row | found | probs | {"valence": 0.5, "arousal": 0.3}


def _camera(camera: str, seconds: int) -> dict[str, Any]:
    """Return what summary.json says of a camera: its person, and somebody else in the last pictures."""
    return {
        "roles": {camera: _summary(seconds)},
        "people": [_person(1, camera, 5 * (seconds - 1)), _person(2, "irrelevant", 1)],
        "people_basis": "b" * 16,
        "corrections": [],
    }


def _person(track: int, role: str, frames: int) -> dict[str, Any]:
    times = {"first_us": 0, "last_us": 200_000 * frames}
    return {
        "track": track,
        "role": role,
        "confidence": 0.9,
        "reasons": ["central"],
        "frames": frames,
        **times,
    }


def _summary(seconds: int) -> dict[str, Any]:
    return {
        "duration_s": float(seconds),
        "detection_rate": 0.667,
        "seconds": dict.fromkeys(STATUSES, 0) | {"ok": seconds - 1, "no_face": 1},
        "seconds_by_emotion": dict.fromkeys(EMOTIONS, 0) | {"happiness": seconds - 1},
        "share_by_emotion": dict.fromkeys(EMOTIONS, 0.0) | {"happiness": 1.0},
        "changes_per_minute": 0.0,
        "dominant": "happiness",
    }


def _face(camera: str, t_ms: int) -> dict[str, Any]:
    box = {"x": 0.1, "y": 0.2, "w": 0.3, "h": 0.4}
    return {
        "camera": camera,
        "t_ms": t_ms,
        "track": 1,
        "role": camera,
        "emotion": "happiness",
        "confidence": 0.7,
        **box,
    }
