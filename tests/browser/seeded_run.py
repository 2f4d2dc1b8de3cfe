"""The run that the browser tests look at: 20 s happiness, 16 s of gaps, 24 s sadness."""

from __future__ import annotations

import datetime

SECONDS = 60


#: What each stretch of the shown run says, in seconds from its start: two emotions around a gap of each kind.
STRETCHES = (
    (0, 20, "ok", "happiness"),
    (20, 24, "no_face", None),
    (24, 28, "low_confidence", None),
    (28, 32, "irrelevant_face", None),
    (32, 36, "occluded", None),
    (36, 60, "ok", "sadness"),
)


def add_shown_run(encounter, recordings: list) -> None:
    from django.utils import timezone

    from webapp.analysis.models import AnalysisRun, FaceObservation, SecondRow

    cameras = [recording.camera for recording in recordings]
    run = AnalysisRun.objects.create(
        encounter=encounter,
        model="seeded",
        inputs={recording.camera: {"recording": str(recording.pk)} for recording in recordings},
        offsets_ms=dict.fromkeys(cameras, 0.0),
        sync_offset_ms=0.0,
        sync_confidence=0.98,
        sync_method="audio",
        sync_applied=True,
        params={"by_hand": {"corrections": {"doctor": [str(_said(recordings[0]).pk)]}}},
        summary={
            "cameras": {camera: _found(camera) for camera in cameras},
            "suggestions": [_suggestion()],
            "speech": _speech(),
        },
        finished_at=timezone.now(),
    )
    earlier = AnalysisRun.objects.create(
        encounter=encounter,
        model="fer",
        inputs=run.inputs,
        offsets_ms=run.offsets_ms,
        summary=run.summary,
        finished_at=timezone.now() - datetime.timedelta(hours=1),
    )
    SecondRow.objects.bulk_create(
        _row(one, camera, second) for one in (run, earlier) for camera in cameras for second in range(SECONDS)
    )
    FaceObservation.objects.bulk_create(
        FaceObservation(
            run=run,
            camera=camera,
            t_ms=200 * sample,
            track=1,
            role=camera,
            x=0.25,
            y=0.25,
            w=0.25,
            h=0.5,
            emotion="happiness",
            confidence=0.8,
        )
        for camera in cameras
        for sample in range(100)
    )


def _said(recording):
    from webapp.analysis.models import PersonCorrection

    return PersonCorrection.objects.create(recording=recording, kind="merge", track=3, into=1, basis="b" * 16)


def _found(camera: str) -> dict:
    """What the run says of a camera: its person, and a visitor whom the patient's camera saw, too."""
    refused = {"refusal": "tracks 3 and 1 are in 4 pictures together, so they are two"}
    visitor = [_person(2, "irrelevant", 31, "another person than track 1, taken for the patient")]
    return {
        "roles": {camera: _summary()},
        "people": [
            _person(1, camera, 220, "in 73% of the sampled frames"),
            *(visitor if camera == "patient" else []),
        ],
        "people_basis": "b" * 16,
        "corrections": [refused] if camera == "doctor" else [],
    }


def _person(track: int, role: str, frames: int, reason: str) -> dict:
    return {
        "track": track,
        "role": role,
        "confidence": 0.97,
        "reasons": [reason, "69% central"],
        "frames": frames,
        "first_us": 0,
        "last_us": 59_000_000,
    }


def _suggestion() -> dict:
    return {
        "second": 45,
        "rule": "patient-sadness-name",
        "text": "The patient's expression has been classified as sad. You might name it with care.",
        "framework": "NURSE",
        "confidence": 0.7,
        "evidence": [{"who": "patient", "emotions": ["sadness"], "seconds": [40, 41, 42, 43, 44]}],
    }


def _row(run, camera: str, second: int):
    from webapp.analysis.models import SecondRow
    from webapp.analysis.timelines import EMOTIONS

    status, emotion = next(
        (status, emotion) for start, end, status, emotion in STRETCHES if start <= second < end
    )
    scores = {name: 0.7 if name == emotion else 0.05 for name in EMOTIONS} if emotion else {}
    return SecondRow(
        run=run,
        camera=camera,
        second=second,
        role=camera,
        status=status,
        emotion=emotion,
        confidence=0.7 if emotion else None,
        frames_sampled=5,
        frames_detected=5 if emotion else 0,
        **scores,
    )


def _summary() -> dict:
    from webapp.analysis.timelines import EMOTIONS, STATUSES

    seconds = dict.fromkeys(STATUSES, 0)
    by_emotion = dict.fromkeys(EMOTIONS, 0)
    for start, end, status, emotion in STRETCHES:
        seconds[status] += end - start
        if emotion:
            by_emotion[emotion] += end - start
    return {
        "duration_s": SECONDS,
        "detection_rate": seconds["ok"] / SECONDS,
        "seconds": seconds,
        "seconds_by_emotion": by_emotion,
        "share_by_emotion": {name: count / seconds["ok"] for name, count in by_emotion.items()},
        "changes_per_minute": 1.0,
        "dominant": "sadness",
    }


def _speech() -> dict:
    """The doctor speaks for every other five seconds of the first forty, then nobody does."""
    doctor = [float(second < 40 and second // 5 % 2 == 0) for second in range(SECONDS)]
    patient = [float(second < 40 and second // 5 % 2 == 1) for second in range(SECONDS)]
    return {
        "spoken_s": 40.0,
        "apart_db": 12.0,
        "share": {"doctor": 0.5, "patient": 0.5},
        "silences": [{"start_s": 40.0, "end_s": 60.0}],
        "first_second": 0,
        "spoken_by": {"doctor": doctor, "patient": patient},
    }
