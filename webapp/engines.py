"""The seam: the only web module that imports emotion or deid, and only inside functions, so that web starts
light.

What goes in and comes out is plain data. Errors of the libraries leave as AppError with the same code and
sentence; a cancelled run leaves as Stopped.
"""

from __future__ import annotations

import functools
import hashlib
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

from webapp.core.errors import AppError
from webapp.jobs.errors import Stopped

if TYPE_CHECKING:
    from emotion.conclude import AnalysisOptions, CameraAnalysis, EncounterAnalysis
    from emotion.people import Correction, People
    from emotion.pipeline import Engine
    from emotion.samples import FaceSamples, Segment
    from emotion.types import Second

SECOND_US = 1_000_000
LONGEST_US = 12 * 3600 * SECOND_US
#: A camera takes many pictures a second; a file with fewer than one in this time lies about its length.
SPARSEST_US = 5 * SECOND_US
#: What finds faces and tells them apart, whichever model names the expressions.
FACE_NETWORKS = ("centerface", "identity")


@dataclass(frozen=True)
class CheckedVideo:
    """What a file turned out to be. frame_rate: an exact fraction as text, empty when the container does not
    say.
    """

    container: str
    codec: str
    width: int
    height: int
    duration_us: int
    frame_rate: str
    has_audio: bool
    playable: bool


@dataclass(frozen=True)
class Source:
    """One camera's recording. path: None where consent is withheld; then nothing of it is opened.

    samples_dir: where the faces of finished 30-second segments are kept for a later run.
    """

    camera: str
    path: Path | None
    samples_dir: Path
    duration_us: int


@dataclass(frozen=True)
class Findings:
    """An analysis as plain data: rows and faces are dictionaries with the columns of the analysis app's
    tables.
    """

    model: str
    params: dict[str, Any]
    versions: dict[str, str]
    weights: dict[str, str]
    sync: dict[str, Any] | None
    offsets_ms: dict[str, float]
    summary: dict[str, Any]
    rows: list[dict[str, Any]]
    faces: list[dict[str, Any]]


@dataclass(frozen=True)
class ByHand:
    """What people say that the analysis should take for given.

    offset_ms: by how much the second camera began later, None lets the sound tell. corrections: of who is
    who, by camera, in the order in which they were made; each has the fields of emotion.people.Correction.
    rules: the study's empathy rules in YAML, empty for those that ship.
    """

    offset_ms: int | None = None
    corrections: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    rules: str = ""


@contextmanager
def translated() -> Iterator[None]:
    """Let the libraries' errors out as the site's own."""
    from emotion.errors import Cancelled, EmotionError

    try:
        yield
    except Cancelled:
        raise Stopped from None
    except EmotionError as error:
        raise AppError(str(error), code=error.code) from error


def check_video(path: Path, poster: Path) -> CheckedVideo:
    """Return what a file is and write its poster. Raises AppError when no picture of it can be decoded, or
    when its length would keep a worker busy for days.
    """
    from emotion.media import needs_browser_copy, probe_video, write_poster

    with translated():
        info = probe_video(path)
        _check_length(path, info.duration_us)
        write_poster(path, poster)
    return CheckedVideo(
        container=info.container,
        codec=info.codec,
        width=info.width,
        height=info.height,
        duration_us=info.duration_us,
        frame_rate=str(info.frame_rate or ""),
        has_audio=info.has_audio,
        playable=not needs_browser_copy(info),
    )


def _check_length(path: Path, duration_us: int) -> None:
    from emotion.media import count_pictures

    hours = duration_us / 3600 / SECOND_US
    if duration_us > LONGEST_US:
        raise AppError(
            f"Expected a recording of at most {LONGEST_US // 3600 // SECOND_US} hours, got {hours:,.1f}. "
            "Split it.",
            code="too_long",
        )
    needed = duration_us // SPARSEST_US
    found = count_pictures(path, at_most=needed)
    if found < needed:
        raise AppError(
            f"This file says that it lasts {duration_us // SECOND_US:,} seconds but holds only {found} "
            "pictures. Copy it from the camera again.",
            code="too_sparse",
        )


def default_model() -> str:
    from emotion.recognise import DEFAULT_MODEL

    return DEFAULT_MODEL


def known_models() -> tuple[str, ...]:
    from emotion.recognise import RECIPES

    return tuple(RECIPES)


def analyse(
    sources: Sequence[Source],
    *,
    model: str,
    progress: Callable[[float], None],
    cancelled: Callable[[], bool],
    by_hand: ByHand | None = None,
) -> Findings:
    """Return what an encounter's cameras show, on the clock of the first that may be analysed.

    Once it is settled who is who, no identity embedding is kept. Raises AppError for what cannot be done and
    Stopped once cancelled() is true.
    """
    from emotion.conclude import AnalysisOptions
    from emotion.empathy_table import parse_rules, shipped_rules
    from emotion.people import Correction
    from emotion.pipeline import analyse_encounter
    from emotion.sync import offset_by_hand

    by_hand = by_hand or ByHand()
    open_to_us = {source.camera: source.path for source in sources if source.path is not None}
    said = {camera: [Correction(**one) for one in made] for camera, made in by_hand.corrections.items()}
    with translated():
        rules = parse_rules(by_hand.rules, source="the study's rules") if by_hand.rules else shipped_rules()
        options = AnalysisOptions(rules=rules)
        engine, weights = _load_engine(model)
        kept = _KeptSegments(sources, _key(model, weights, options))
        analysis = analyse_encounter(
            open_to_us,
            engine=engine,
            options=options,
            progress=progress,
            cancelled=cancelled,
            store=kept,
            sync=None if by_hand.offset_ms is None else offset_by_hand(by_hand.offset_ms),
            corrections=said,
            known=kept.settled(open_to_us, said),
        )
    kept.settle(analysis)
    withheld = [source for source in sources if source.path is None]
    return _as_findings(analysis, withheld, model=model, weights=weights)


@functools.lru_cache(maxsize=2)
def _load_engine(model: str) -> tuple[Engine, dict[str, str]]:
    """Return the networks, opened once per process, and the sha256 by name of what they ship as."""
    from emotion.pipeline import load_engine
    from emotion.recognise import describe_weights
    from emotion.weights import WEIGHTS

    engine = load_engine(settings.WEIGHTS_DIR, model=model, device=settings.DEVICE)
    weights = {one["name"]: one["sha256"] for one in describe_weights(model)}
    return engine, weights | {name: WEIGHTS[name].sha256 for name in FACE_NETWORKS}


class _KeptSegments:
    """Finished segments on disk, one folder per recording, weights and options; a file is there whole or not
    at all.
    """

    def __init__(self, sources: Sequence[Source], key: str) -> None:
        self._folders = {source.camera: source.samples_dir / key for source in sources}
        together = sorted(str(source.samples_dir) for source in sources if source.path is not None)
        self._settled = f"people-{hashlib.sha256(json.dumps(together).encode()).hexdigest()[:16]}.npz"

    def settled(self, cameras: Iterable[str], said: dict[str, list[Correction]]) -> dict[str, People]:
        """Return the people of cameras that were settled before beside the very same recordings."""
        from emotion.settled import read_settled

        known: dict[str, People] = {}
        for camera in cameras:
            path = self._folders[camera] / self._settled
            people = read_settled(path, said.get(camera, ()), camera=camera)
            if people is not None:
                known[camera] = people
        return known

    def settle(self, analysis: EncounterAnalysis) -> None:
        """Keep who is who without embeddings, and remove the segments that had them."""
        from emotion.settled import write_settled

        for camera in analysis.cameras:
            folder = self._folders[camera.camera]
            folder.mkdir(parents=True, exist_ok=True)
            write_settled(camera.found, camera.people, folder / self._settled, camera=camera.camera)
            for segment in folder.glob("[0-9]*.npz"):
                segment.unlink(missing_ok=True)

    def load(self, camera: str, segment: Segment) -> FaceSamples | None:
        from emotion.samples import read_samples

        try:
            return read_samples(self._path(camera, segment))
        except (FileNotFoundError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
            return None  # absent, or damaged by the disk: it is computed again and replaced

    def save(self, camera: str, segment: Segment, samples: FaceSamples) -> None:
        from emotion.samples import write_samples

        path = self._path(camera, segment)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_samples(samples, path)

    def _path(self, camera: str, segment: Segment) -> Path:
        return self._folders[camera] / f"{segment.start_us // SECOND_US:06d}.npz"


def _key(model: str, weights: dict[str, str], options: AnalysisOptions) -> str:
    """Return a name that changes with everything that the faces of a segment depend on."""
    import emotion

    basis = [emotion.__version__, model, sorted(weights.items()), str(options.sample_fps), options.segment_us]
    return hashlib.sha256(json.dumps(basis).encode()).hexdigest()[:16]


def _as_findings(
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
        versions=_versions(),
        weights=weights,
        sync=summary["sync"],
        offsets_ms={camera.camera: camera.offset_us / 1000 for camera in analysis.cameras},
        summary=summary,
        rows=rows,
        faces=[face for camera in analysis.cameras for face in _faces(camera)],
    )


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
    return {
        "sample_fps": str(options.sample_fps) if options.sample_fps is not None else None,
        "segment_us": options.segment_us,
        "tracking": vars(options.tracking),
        "timeline": vars(options.timeline),
    }


def _versions() -> dict[str, str]:
    import platform
    from importlib import metadata

    import emotion
    from emotion.results import PACKAGES

    packages = {name: metadata.version(name) for name in PACKAGES}
    return {"emotion": emotion.__version__, "python": platform.python_version(), **packages}


def shipped_rules() -> str:
    """Return the empathy rules that ship, as the YAML that a study may change."""
    from emotion.empathy_table import SHIPPED_TABLE

    return SHIPPED_TABLE.read_text(encoding="utf-8")


def check_rules(text: str, *, language: str = "en") -> list[dict[str, Any]]:
    """Return what a table of empathy rules says, rule by rule. Raises AppError naming line and field."""
    from emotion.empathy_table import parse_rules

    with translated():
        table = parse_rules(text, source="rules")
    return [
        {
            "id": rule.id,
            "framework": rule.framework,
            "severity": rule.severity,
            "text": rule.text_in(language)[0],
            "languages": sorted(rule.text),
            "citations": list(rule.citations),
            "when": [
                {"who": one.who, "shows": list(one.shows), "at_least": one.at_least, "of_last": one.of_last}
                for one in rule.when
            ],
        }
        for rule in table.rules
    ]


def demo_videos() -> dict[str, Path]:
    """Return the camera files of the demonstration that ships with the project, by camera."""
    from deid import demo

    return demo.demo_videos()
