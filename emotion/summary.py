"""An analysis as the content of summary.json: plain values, None for what was not measured."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from emotion.conclude import CameraAnalysis, EncounterAnalysis
from emotion.findings import find_patterns
from emotion.statistics import summarise_person


def summarise(analysis: EncounterAnalysis, *, language: str = "en") -> dict[str, Any]:
    """Return the content of summary.json. language: of the suggestions, English where there is no other."""
    return {
        "clock": {
            "reference": analysis.cameras[0].camera,
            "meaning": "second counts from the first frame of the reference camera",
            "offset_ms": {camera.camera: camera.offset_us / 1000 for camera in analysis.cameras},
        },
        "cameras": {camera.camera: _summarise_camera(camera) for camera in analysis.cameras},
        "sync": _summarise_sync(analysis),
        "speech": analysis.speech.as_dict() if analysis.speech else None,
        "mirroring": [asdict(one) for one in analysis.mirroring],
        "suggestions": [one.as_dict(language) for one in analysis.suggestions],
    }


def _summarise_camera(camera: CameraAnalysis) -> dict[str, Any]:
    samples = camera.people.samples
    people = [
        {
            "track": role.track,
            "role": role.role,
            "confidence": role.confidence,
            "reasons": list(role.reasons),
            "frames": len(track.faces),
            "first_us": int(samples.face_times_us[track.faces[0]]),
            "last_us": int(samples.face_times_us[track.faces[-1]]),
        }
        for track, role in zip(camera.people.tracks, camera.people.roles, strict=True)
    ]
    return {
        "file": camera.video.path.name,
        "roles": {camera.summary.role: camera.summary.as_dict()},
        "findings": {camera.summary.role: find_patterns(camera.rows).as_dict()},
        "calibrated": _summarise_calibration(camera),
        "people": people,
        "people_basis": camera.people.basis,
        "corrections": [asdict(one) for one in camera.people.outcomes],
    }


def _summarise_calibration(camera: CameraAnalysis) -> dict[str, Any] | None:
    """Return the person's figures with their resting face as neutral, None when there is no calibration."""
    if camera.calibrated is None:
        return None
    summary = summarise_person(
        camera.calibrated.calibrated, role=camera.summary.role, duration_us=camera.video.duration_us
    )
    return {"resting": asdict(camera.calibrated.resting), "roles": {camera.summary.role: summary.as_dict()}}


def _summarise_sync(analysis: EncounterAnalysis) -> dict[str, Any] | None:
    if analysis.sync is None:
        return None
    return {
        "offset_ms": analysis.sync.offset_ms,
        "confidence": analysis.sync.confidence,
        "method": analysis.sync.method,
        "drift_ppm": analysis.sync.drift_ppm,
        "applied": analysis.sync_applied,
    }
