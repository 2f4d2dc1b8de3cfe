"""An analysis as plain data, with rows that say where consent is withheld."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from webapp.engines.values import SECOND_US, Findings, Identity, Source

if TYPE_CHECKING:
    from emotion.conclude import AnalysisOptions, CameraAnalysis, EncounterAnalysis
    from emotion.types import Second


IDENTITY_NETWORK = "identity"  # as weights are named


def as_findings(
    analysis: EncounterAnalysis, withheld: Sequence[Source], *, model: str, weights: dict[str, str]
) -> Findings:
    from emotion.summary import summarise
    from emotion.tables import TIMELINE_COLUMNS, timeline_rows

    rows = [dict(zip(TIMELINE_COLUMNS, values, strict=True)) for values in timeline_rows(analysis)]
    summary = summarise(analysis)
    for source in withheld:
        seconds = _withheld_seconds(source)
        rows += [_withheld_row(second) for second in seconds]
        summary["cameras"][source.camera] = _withheld_summary(source, seconds)
    return Findings(
        model=model,
        params=_params(analysis.options),
        versions=versions(),
        weights=weights,
        sync=summary["sync"],
        offsets_ms={camera.camera: camera.offset_us / 1000 for camera in analysis.cameras},
        summary=summary,
        rows=rows,
        faces=[face for camera in analysis.cameras for face in _faces(camera)],
    )


def identities_of(analysis: EncounterAnalysis) -> dict[str, Identity]:
    """Return by camera how its own person is told from others; nobody else is among them."""
    from emotion.people import identity_of

    found = {camera.camera: identity_of(camera.people, camera.summary.role) for camera in analysis.cameras}
    return {
        camera: Identity(IDENTITY_NETWORK, one[1], tuple(round(float(part), 6) for part in one[0]))
        for camera, one in found.items()
        if one is not None
    }


def _faces(camera: CameraAnalysis) -> Iterator[dict[str, Any]]:
    from emotion.labels import EMOTIONS

    width, height = camera.video.width, camera.video.height
    for face in camera.observations():
        left, top, right, bottom = face.box_px
        role = camera.people.role_of(face.track)
        best = max(range(len(EMOTIONS)), key=face.probs.__getitem__)
        is_ours = role == camera.summary.role  # what everybody else's face shows is not kept
        yield {
            "camera": camera.camera,
            "t_ms": face.time_us // 1000,
            "track": face.track,
            "role": role,
            "x": round(left / width, 5),
            "y": round(top / height, 5),
            "w": round((right - left) / width, 5),
            "h": round((bottom - top) / height, 5),
            "emotion": EMOTIONS[best] if is_ours else "",
            "confidence": round(face.probs[best], 4) if is_ours else 0.0,
        }


def _withheld_seconds(source: Source) -> list[Second]:
    from emotion.types import Second

    count = max(1, -(-source.duration_us // SECOND_US))
    return [
        Second(
            source.camera, second, source.camera, None, "consent_withheld", None, None, (), None, None, 0, 0
        )
        for second in range(count)
    ]


def _withheld_row(second: Second) -> dict[str, Any]:
    fields = ("camera", "second", "role", "status", "frames_sampled", "frames_detected")
    return {field: getattr(second, field) for field in fields}


def _withheld_summary(source: Source, seconds: list[Second]) -> dict[str, Any]:
    from emotion.statistics import summarise_person

    person = summarise_person(seconds, role=source.camera, duration_us=source.duration_us)
    return {"roles": {source.camera: person.as_dict()}, "people": []}


def _params(options: AnalysisOptions) -> dict[str, Any]:
    from emotion.sampling import LOOKING

    return {
        "sample_fps": str(options.sample_fps) if options.sample_fps is not None else None,
        "looking": LOOKING,
        "segment_us": options.segment_us,
        "tracking": vars(options.tracking),
        "timeline": vars(options.timeline),
    }


def versions() -> dict[str, str]:
    import platform
    from importlib import metadata

    import emotion
    from emotion.results import PACKAGES

    packages = {name: metadata.version(name) for name in PACKAGES}
    return {"emotion": emotion.__version__, "python": platform.python_version(), **packages}
