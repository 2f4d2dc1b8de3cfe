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
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

from webapp.core.errors import AppError
from webapp.jobs.errors import Stopped

if TYPE_CHECKING:
    from deid.audit import AuditTools
    from deid.pipeline import Hiding
    from emotion.conclude import AnalysisOptions, CameraAnalysis, EncounterAnalysis
    from emotion.live.consultation import LiveConsultation
    from emotion.live.faces import LiveFrame as LiveFrame  # noqa: PLC0414  named by the live app
    from emotion.live.faces import Sighting
    from emotion.live.follow import PersonFollower
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
class Stretch:
    """A piece of one camera's recording, its end excluded; None is the end of the file. is_kept: its faces
    were found already.
    """

    camera: str
    start_us: int
    end_us: int | None
    media_s: float
    is_kept: bool = False


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


@dataclass(frozen=True)
class HiddenVideo:
    """A de-identified file as plain data: how it was made, what was done, and what the audit measured."""

    recipe: dict[str, Any]
    report: dict[str, Any]
    privacy: dict[str, Any]
    expression: dict[str, Any]
    media: dict[str, Any]
    verdict: str
    reasons: list[str]
    sha256: str
    size_bytes: int


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


def plan(sources: Sequence[Source], *, model: str, by_hand: ByHand | None = None) -> list[Stretch]:
    """Return the stretches of at most 30 s of the cameras to look at; none of a camera where it
    is settled already who is who.

    Raises AppError for what cannot be done.
    """
    from emotion.media import probe_video
    from emotion.pipeline import plan_segments

    opened = _opened(sources)
    with translated():
        kept = _kept(sources, model)
        known = kept.settled([source.camera for source, _ in opened], _said(by_hand or ByHand()))
        return [
            _stretch(source.camera, segment, length_us, is_kept=kept.has(source.camera, segment))
            for source, path in opened
            if source.camera not in known
            for length_us in (probe_video(path).duration_us,)
            for segment in plan_segments(length_us)
        ]


def sample(
    source: Source,
    stretch: Stretch,
    *,
    model: str,
    progress: Callable[[float], None],
    cancelled: Callable[[], bool],
) -> None:
    """Find the faces of one stretch and keep them where plan and conclude look for them.

    Doing it twice gives the same file. Raises AppError for what cannot be done, Stopped once cancelled() is
    true.
    """
    from emotion.pipeline import Segment, sample_segment

    if source.path is None:
        raise ValueError("expected a recording that may be opened")
    segment = Segment(stretch.start_us, stretch.end_us)
    with translated():
        samples = sample_segment(
            source.path,
            segment,
            engine=_load_engine(model),
            progress=lambda time_us: progress((time_us - stretch.start_us) / 1e6 / stretch.media_s),
            cancelled=cancelled,
        )
    _kept([source], model).save(source.camera, segment, samples)


def forget(source: Source, stretch: Stretch, *, model: str) -> None:
    """Remove what sample kept of a stretch."""
    from emotion.pipeline import Segment

    _kept([source], model).remove(source.camera, Segment(stretch.start_us, stretch.end_us))


def conclude(sources: Sequence[Source], *, model: str, by_hand: ByHand | None = None) -> Findings | None:
    """Return what an encounter's cameras show, on the clock of the first that may be analysed; None when a
    stretch that plan gives is not kept.

    The rows are those of an analysis in one go. Once it is settled who is who, no identity embedding is kept.
    Raises AppError for what cannot be done.
    """
    from emotion.conclude import AnalysisOptions, conclude_encounter
    from emotion.empathy_table import parse_rules, shipped_rules
    from emotion.sync import estimate_offset, offset_by_hand

    by_hand = by_hand or ByHand()
    said, opened = _said(by_hand), _opened(sources)
    kept = _kept(sources, model)
    known = kept.settled([source.camera for source, _ in opened], said)
    with translated():
        rules = parse_rules(by_hand.rules, source="the study's rules") if by_hand.rules else shipped_rules()
        options = AnalysisOptions(rules=rules)
        cameras = [_camera(source, path, options, kept, known.get(source.camera)) for source, path in opened]
        whole = [camera for camera in cameras if camera is not None]
        if len(whole) < len(cameras):
            return None
        sync = None if by_hand.offset_ms is None else offset_by_hand(by_hand.offset_ms)
        if sync is None and len(opened) == 2:
            sync = estimate_offset(opened[0][1], opened[1][1])
        sync = sync if len(opened) > 1 else None
        analysis = conclude_encounter(whole, sync=sync, options=options, corrections=said)
    kept.settle(analysis)
    withheld = [source for source in sources if source.path is None]
    return _as_findings(analysis, withheld, model=model, weights=_weights_of(model))


def _camera(
    source: Source, path: Path, options: AnalysisOptions, kept: _KeptSegments, known: People | None
) -> CameraAnalysis | None:
    """Return a camera from the people who are known, or from its kept segments; None when one is missing."""
    from emotion.conclude import conclude_camera, conclude_people
    from emotion.media import probe_video
    from emotion.pipeline import join_samples, plan_segments

    video = probe_video(path)
    if known is not None:
        return conclude_people(known, camera=source.camera, video=video, options=options)
    parts = [kept.load(source.camera, segment) for segment in plan_segments(video.duration_us)]
    whole = [part for part in parts if part is not None]
    if len(whole) < len(parts):
        return None
    return conclude_camera(join_samples(whole), camera=source.camera, video=video, options=options)


def _opened(sources: Sequence[Source]) -> list[tuple[Source, Path]]:
    return [(source, source.path) for source in sources if source.path is not None]


def _said(by_hand: ByHand) -> dict[str, list[Correction]]:
    from emotion.people import Correction

    return {camera: [Correction(**one) for one in made] for camera, made in by_hand.corrections.items()}


def _stretch(camera: str, segment: Segment, length_us: int, *, is_kept: bool) -> Stretch:
    end_us = segment.end_us if segment.end_us is not None else max(length_us, segment.start_us + 1)
    media_s = (end_us - segment.start_us) / SECOND_US
    return Stretch(camera, segment.start_us, segment.end_us, media_s, is_kept)


@functools.lru_cache(maxsize=2)
def _load_engine(model: str) -> Engine:
    """Return the networks, opened once per process."""
    from emotion.pipeline import load_engine

    return load_engine(settings.WEIGHTS_DIR, model=model, device=settings.DEVICE)


def _weights_of(model: str) -> dict[str, str]:
    """Return the sha256 by name of what a model's networks ship as. Opens none of them."""
    from emotion.recognise import describe_weights
    from emotion.weights import WEIGHTS

    weights = {one["name"]: one["sha256"] for one in describe_weights(model)}
    return weights | {name: WEIGHTS[name].sha256 for name in FACE_NETWORKS}


def _kept(sources: Sequence[Source], model: str) -> _KeptSegments:
    from emotion.conclude import AnalysisOptions

    return _KeptSegments(sources, _key(model, _weights_of(model), AnalysisOptions()))


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

    def has(self, camera: str, segment: Segment) -> bool:
        return self._path(camera, segment).is_file()

    def remove(self, camera: str, segment: Segment) -> None:
        self._path(camera, segment).unlink(missing_ok=True)

    def load(self, camera: str, segment: Segment) -> FaceSamples | None:
        """Return what is kept of exactly this segment. One that the disk has damaged goes, so that it is
        computed again.
        """
        from emotion.samples import read_samples

        path = self._path(camera, segment)
        try:
            return read_samples(path)
        except (FileNotFoundError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error):
            path.unlink(missing_ok=True)
            return None

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


def known_methods() -> tuple[str, ...]:
    from deid.hiders import METHODS

    return METHODS


def known_sounds() -> tuple[str, ...]:
    from deid.sound import AUDIO

    return AUDIO


@functools.cache
def known_donors() -> tuple[str, ...]:
    from deid.donors import list_donors

    return tuple(donor.name for donor in list_donors())


def hide_faces(
    source: Path,
    destination: Path,
    *,
    method: str,
    audio: str,
    donor: str,
    seed: int,
    progress: Callable[[float, bool], None],
    cancelled: Callable[[], bool],
) -> HiddenVideo:
    """Write a recording with its faces hidden and return how and what the audit measured on that file.

    progress is told a share of 0..1 and whether it is the audit's. Raises AppError and Stopped; then nothing
    stands under the destination's name, unless the audit was what went wrong.
    """
    from deid.audit import audit
    from deid.pipeline import Task, deidentify, describe

    task = Task(method, audio=audio, donor=donor, seed=seed)
    with translated():
        hiding, tools = _load_hiding()
        report = deidentify(
            source,
            destination,
            task,
            hiding=hiding,
            progress=lambda share: progress(share, False),
            cancelled=cancelled,
        )
        found = audit(
            source,
            destination,
            tools=tools,
            progress=lambda share: progress(share, True),
            cancelled=cancelled,
        )
    digest = hashlib.sha256()
    with destination.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return HiddenVideo(
        recipe={**vars(task), "versions": _versions(), "weights": _all_weights()},
        report=describe(report),
        privacy=found["privacy"],
        expression=found["expression"],
        media=found["media"],
        verdict=found["verdict"],
        reasons=found["reasons"],
        sha256=digest.hexdigest(),
        size_bytes=destination.stat().st_size,
    )


@functools.cache
def _load_hiding() -> tuple[Hiding, AuditTools]:
    from deid.audit import load_tools
    from deid.pipeline import load_hiding

    return (
        load_hiding(settings.WEIGHTS_DIR, device=settings.DEVICE),
        load_tools(settings.WEIGHTS_DIR, device=settings.DEVICE),
    )


def _all_weights() -> dict[str, str]:
    from emotion.weights import WEIGHTS

    return {name: one.sha256 for name, one in WEIGHTS.items()}


def demo_videos() -> dict[str, Path]:
    """Return the camera files of the demonstration that ships with the project, by camera."""
    from deid import demo

    return demo.demo_videos()


_LIVE_READER: Any = None


def start_live_reader(weights_dir: str, model: str, device: str) -> None:
    """Open the networks of this process once; it ends when the process that started it is gone."""
    import signal

    from emotion.live.reader import LiveReader

    global _LIVE_READER  # noqa: PLW0603  a process of the pool is this reader
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with_parent()
    _LIVE_READER = LiveReader(Path(weights_dir), model=model, device=device)


def _end_with_parent() -> None:
    import os
    import threading
    import time

    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def read_live_frames(requests: Sequence[tuple[bytes, bool]]) -> list[LiveFrame | None]:
    """Return the faces of JPEG frames, in a process that start_live_reader prepared."""
    frames: list[LiveFrame | None] = _LIVE_READER.read(requests)
    return frames


def live_follower() -> PersonFollower:
    """Return what tells the expected person of one camera from everybody else."""
    from emotion.live.follow import PersonFollower

    return PersonFollower()


def live_consultation(start_us: int, rules: str = "") -> LiveConsultation:
    """Return the state of a live session that begins at a time in microseconds.

    rules: the study's empathy rules in YAML, empty for those that ship.
    """
    from emotion.empathy_table import parse_rules
    from emotion.live.consultation import LiveConsultation

    with translated():
        table = parse_rules(rules or shipped_rules(), source="the study's rules")
    return LiveConsultation(table=table, start_us=start_us)


def live_sighting(values: dict[str, Any]) -> Sighting:
    """Return a sighting from what sighting_values made of it."""
    from emotion.live.faces import Sighting

    return Sighting(values["time_us"], values["status"], values["quality"], tuple(values["probs"]))


def live_row(values: dict[str, Any]) -> Second:
    """Return the row of an analysis that a kept reading stands for."""
    from emotion.timeline import valence_arousal
    from emotion.types import Second

    probs = tuple(values["probs"])
    valence, arousal = valence_arousal(probs) if probs else (None, None)
    return Second(
        values["camera"],
        values["second"],
        values["camera"],
        None,
        values["status"],
        values["emotion"],
        values["confidence"],
        probs,
        valence,
        arousal,
        values["frames_sampled"],
        values["frames_detected"],
    )


def session_findings(
    doctor: Sequence[dict[str, Any]],
    patient: Sequence[dict[str, Any]],
    *,
    rules: str = "",
    language: str = "en",
) -> dict[str, Any]:
    """Return what there is to reflect on in the rows of doctor and patient on one clock.

    Rows as live_row takes them. moments: the patient's negative episodes with the doctor's answer. mirroring:
    per signal the lag, correlation and p. suggestions: what the rules (the study's in YAML, empty for those
    that ship) would have said. summary: by person.
    """
    from dataclasses import asdict

    from emotion.empathy import suggest
    from emotion.empathy_table import parse_rules
    from emotion.mirroring import measure_all_mirroring
    from emotion.moments import find_moments
    from emotion.statistics import summarise_person

    table = parse_rules(rules or shipped_rules(), source="the study's rules")
    own, other = [live_row(row) for row in doctor], [live_row(row) for row in patient]
    return {
        "moments": [moment.as_dict() for moment in find_moments(own, other)],
        "mirroring": [asdict(one) for one in measure_all_mirroring(own, other)],
        "suggestions": [one.as_dict(language) for one in suggest(own, other, table)],
        "summary": {
            role: summarise_person(rows, role=role, duration_us=len(rows) * SECOND_US).as_dict()
            for role, rows in (("doctor", own), ("patient", other))
        },
    }


def read_camera_jpegs(source: str, fps: float, *, loop: bool = False) -> Iterator[bytes]:
    """Yield the pictures of a camera or file as they happen, as JPEG. Raises AppError when it fails."""
    from fractions import Fraction

    from emotion.media.camera import read_camera
    from emotion.media.jpeg import encode_jpeg

    with translated():
        for image in read_camera(source, fps=Fraction(fps).limit_denominator(100), loop=loop):
            yield encode_jpeg(image)
