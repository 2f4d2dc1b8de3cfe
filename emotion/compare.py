"""Several models on one recording, decoded once -> how far they agree, second by second."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from emotion.agreement import labels_of, measure_agreement
from emotion.conclude import AnalysisOptions, CameraAnalysis, conclude_camera
from emotion.media import probe_video
from emotion.recipes import DEFAULT_MODEL, RECIPES
from emotion.recognise import Recogniser
from emotion.samples import join_samples, plan_segments
from emotion.sampling import Engine, sample_side_by_side
from emotion.timeline import EncounterClock


@dataclass(frozen=True)
class Labelling:
    """What one model, one other system or one person called the seconds of a recording.

    rows_of: seconds that were there to be labelled, None where the source does not say.
    """

    name: str
    labels: Mapping[int, str]
    rows_of: int | None = None


def models_to_compare() -> tuple[str, ...]:
    """Return the default model and all that are one network; pools of the same networks agree by make."""
    single = (name for name, recipe in RECIPES.items() if len(recipe.exponents) == 1)
    return tuple(dict.fromkeys((DEFAULT_MODEL, *single)))


def analyse_side_by_side(
    path: Path,
    *,
    camera: str,
    engine: Engine,
    recognisers: Sequence[Recogniser],
    options: AnalysisOptions | None = None,
    clock: EncounterClock | None = None,
    progress: Callable[[float], None] | None = None,
) -> tuple[CameraAnalysis, ...]:
    """Return one analysis per recogniser, each the same as a run by that model alone.

    The recording is decoded and its faces are found once. engine.recogniser is not used. Raises
    UnreadableVideo.
    """
    options = options or AnalysisOptions()
    video = probe_video(path)

    def report(time_us: int) -> None:
        if progress is not None:
            progress(min(1.0, time_us / max(video.duration_us, 1)))

    parts = sample_side_by_side(
        path,
        plan_segments(video.duration_us, segment_us=options.segment_us),
        engine=engine,
        recognisers=recognisers,
        sample_fps=options.sample_fps,
        progress=report,
    )
    return tuple(
        conclude_camera(join_samples(column), camera=camera, video=video, options=options, clock=clock)
        for column in zip(*parts, strict=True)
    )


def labelling_of(name: str, analysis: CameraAnalysis) -> Labelling:
    """Return the labels of an analysis under a name."""
    return Labelling(name, labels_of(analysis.rows), len(analysis.rows))


def compare_labellings(labellings: Sequence[Labelling]) -> dict[str, Any]:
    """Return what each says and how far each pair agrees, as plain values; see Agreement for the fields.

    Raises ValueError for fewer than two, or two of one name.
    """
    names = [one.name for one in labellings]
    if len(names) < 2 or len(set(names)) < len(names):
        raise ValueError(f"expected two labellings or more with names of their own, got {names}")
    return {
        "labellings": [_describe(one) for one in labellings],
        "pairs": [
            {
                "first": first.name,
                "second": second.name,
                **measure_agreement(first.labels, second.labels).as_dict(),
            }
            for first, second in combinations(labellings, 2)
        ],
    }


def _describe(one: Labelling) -> dict[str, Any]:
    counts: dict[str, int] = {}
    for label in one.labels.values():
        counts[label] = counts.get(label, 0) + 1
    return {
        "name": one.name,
        "seconds": one.rows_of,
        "seconds_labelled": len(one.labels),
        "seconds_by_emotion": dict(sorted(counts.items())),
    }
