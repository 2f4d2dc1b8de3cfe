"""The analysis of an encounter in stretches: planned, looked at one by one, concluded."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from django.conf import settings

from webapp.core.encrypted_path import StoredFile
from webapp.engines.findings import as_findings, identities_of
from webapp.engines.kept import KeptSegments, kept_segments, weights_of, weights_of_voices
from webapp.engines.translating import translated
from webapp.engines.values import SECOND_US, ByHand, Findings, Source, Stretch

if TYPE_CHECKING:
    from emotion.conclude import AnalysisOptions, CameraAnalysis
    from emotion.people import Correction, People
    from emotion.pipeline import Engine
    from emotion.samples import Segment
    from emotion.voice import Heard


def default_model() -> str:
    from emotion.recognise import DEFAULT_MODEL

    return DEFAULT_MODEL


def known_models() -> tuple[str, ...]:
    from emotion.recognise import RECIPES

    return tuple(RECIPES)


def plan(
    sources: Sequence[Source], *, model: str, by_hand: ByHand | None = None, with_identities: bool = False
) -> list[Stretch]:
    """Return the stretches of at most 30 s of the cameras to look at; none of a camera where it
    is settled already who is who, unless identities are asked for, of which nothing is left then.

    Raises AppError for what cannot be done, OSError when a recording cannot be reached.
    """
    from emotion.media import probe_video
    from emotion.pipeline import plan_segments

    opened = _opened(sources)
    with translated():
        kept = kept_segments(sources, model)
        cameras = [] if with_identities else [source.camera for source, _ in opened]
        known = kept.settled(cameras, _said(by_hand or ByHand()))
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
    true, OSError when the recording cannot be reached.
    """
    from emotion.pipeline import Segment, sample_segment

    if source.path is None:
        raise ValueError("expected a recording that may be opened")
    segment = Segment(stretch.start_us, stretch.end_us)
    source.path.stat()
    with translated():
        samples = sample_segment(
            source.path,
            segment,
            engine=_load_engine(model),
            progress=lambda time_us: progress((time_us - stretch.start_us) / 1e6 / stretch.media_s),
            cancelled=cancelled,
        )
    source.path.stat()  # else what is kept could go where the storage is no longer
    kept_segments([source], model).save(source.camera, segment, samples)


def forget(source: Source, stretch: Stretch, *, model: str) -> None:
    """Remove what sample kept of a stretch."""
    from emotion.pipeline import Segment

    kept_segments([source], model).remove(source.camera, Segment(stretch.start_us, stretch.end_us))


def conclude(
    sources: Sequence[Source], *, model: str, by_hand: ByHand | None = None, with_identities: bool = False
) -> Findings | None:
    """Return what an encounter's cameras show, on the clock of the first that may be analysed; None when a
    stretch that plan gives is not kept.

    The rows are those of an analysis in one go. Once it is settled who is who, no identity embedding is kept;
    with_identities returns those of the cameras' own people. Raises AppError for what cannot be done.
    """
    from emotion.conclude import AnalysisOptions, conclude_encounter
    from emotion.empathy_table import parse_rules, shipped_rules
    from emotion.sync import estimate_offset, offset_by_hand

    by_hand = by_hand or ByHand()
    said, opened = _said(by_hand), _opened(sources)
    kept = kept_segments(sources, model)
    known = kept.settled([] if with_identities else [source.camera for source, _ in opened], said)
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
        withheld = [source for source in sources if source.path is None]
        heard = {} if withheld else _heard(opened, model)
        analysis = conclude_encounter(whole, sync=sync, options=options, corrections=said, heard=heard)
    kept.settle(analysis)
    weights = weights_of(model) | (weights_of_voices() if analysis.speech else {})
    found = as_findings(analysis, withheld, model=model, weights=weights)
    return replace(found, identities=identities_of(analysis)) if with_identities else found


def _camera(
    source: Source, path: StoredFile, options: AnalysisOptions, kept: KeptSegments, known: People | None
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


def _heard(opened: Sequence[tuple[Source, StoredFile]], model: str) -> dict[str, Heard]:
    """Return what the cameras heard; a microphone hears everybody, so all must agree to be analysed."""
    voices = _load_engine(model).voices
    return voices.listen_to({source.camera: path for source, path in opened}) if voices else {}


def _opened(sources: Sequence[Source]) -> list[tuple[Source, StoredFile]]:
    """Return what may be opened. Raises OSError for a recording that cannot be reached: that may heal."""
    opened = [(source, source.path) for source in sources if source.path is not None]
    for _, path in opened:
        path.stat()
    return opened


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
