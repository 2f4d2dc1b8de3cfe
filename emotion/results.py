"""Write an analysis as the files that other people's scripts rely on: all of them complete, or none.

The files are made in a hidden folder inside the target and then renamed. run.json goes first and comes back
last, so a folder with a run.json holds the results of one run and no others. Foreign files in the folder are
left alone.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from emotion.conclude import AnalysisOptions, EncounterAnalysis
from emotion.errors import OutputUnwritable
from emotion.extras import write_extras
from emotion.inference import resolve_device
from emotion.recipes import DEFAULT_MODEL, find_recipe
from emotion.report import render_report
from emotion.sampling import DETECTOR_SIDE, LOOKING
from emotion.summary import summarise
from emotion.tables import write_frames_csv, write_timeline_csv, write_timeline_parquet
from emotion.types import VideoInfo
from emotion.weights import WEIGHTS

PARTIAL: Final = ".partial"
LAST: Final = "run.json"
FILES: Final = ("timeline.csv", "timeline.parquet", "frames.csv", "summary.json", "report.html", LAST)
SAMPLING_RULE: Final = "for every k the first frame at or after k / sample_fps seconds, no frame twice"
_BLOCK_BYTES: Final = 1 << 20
PACKAGES: Final = ("numpy", "opencv-python-headless", "onnxruntime", "av", "scipy", "pyarrow")


@dataclass(frozen=True)
class EngineRecord:
    """What run.json says of the networks: the model's name, the device, and one entry for each file of
    weights.
    """

    model: str
    device: str
    weights: tuple[dict[str, str], ...]


def describe_engine(model: str | None = None, *, device: str = "auto") -> EngineRecord:
    """Return the record of the engine that load_engine gives for the same arguments; loads nothing.

    Raises UnknownModel or DeviceUnavailable.
    """
    recipe = find_recipe(model or DEFAULT_MODEL)
    names = ("centerface", *recipe.exponents, "identity", "voice")
    fields = ("name", "package", "version", "sha256", "licence")
    entries = tuple({field: str(getattr(WEIGHTS[name], field)) for field in fields} for name in names)
    return EngineRecord(recipe.name, resolve_device(device), entries)


def write_results(
    analysis: EncounterAnalysis,
    out_dir: Path,
    *,
    engine: EngineRecord,
    also: Sequence[str] = (),
    language: str = "en",
) -> None:
    """Write the six FILES into out_dir, which is made when absent; earlier results there are replaced.

    also: names of extras.WRITERS, whose files are written beside them, as calibrated.csv is when the
    analysis was calibrated. language: of the suggestions. Raises OutputUnwritable, after which no new file
    stands under its final name.
    """
    run = describe_run(analysis, engine)
    staging = out_dir / PARTIAL / "results"
    try:
        with writable(out_dir):
            shutil.rmtree(staging, ignore_errors=True)
            staging.mkdir(parents=True)
            run["extras"] = write_extras(analysis, staging, also)
            _write_files(analysis, run, staging, language)
            earlier = _extras_of_earlier_run(out_dir)
            (out_dir / LAST).unlink(missing_ok=True)
            for name in earlier:
                (out_dir / name).unlink(missing_ok=True)
            for name in (*run["extras"], *FILES):
                (staging / name).replace(out_dir / name)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        with suppress(OSError):  # not there, or it still holds the segments of a run
            staging.parent.rmdir()


def _write_files(analysis: EncounterAnalysis, run: dict[str, Any], folder: Path, language: str) -> None:
    write_timeline_csv(analysis, folder / "timeline.csv")
    write_timeline_parquet(analysis, folder / "timeline.parquet")
    write_frames_csv(analysis, folder / "frames.csv")
    _write_json(folder / "summary.json", summarise(analysis, language=language))
    (folder / "report.html").write_text(render_report(analysis, run, language), encoding="utf-8")
    _write_json(folder / LAST, run)


def _extras_of_earlier_run(out_dir: Path) -> list[str]:
    """Return which files beside the six an earlier run says it wrote; whatever else is here is not ours."""
    try:
        names = json.loads((out_dir / LAST).read_text(encoding="utf-8"))["extras"]
        return [name for name in names if Path(name).name == name]
    except (OSError, ValueError, KeyError, TypeError):
        return []


@contextmanager
def writable(out_dir: Path) -> Iterator[None]:
    """Turn what the file system objects to inside the block into OutputUnwritable."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or "no reason given"
        raise OutputUnwritable(
            f"The results cannot be written to {str(out_dir)!r}: {reason}; make room or use another folder."
        ) from error


def describe_run(analysis: EncounterAnalysis, engine: EngineRecord) -> dict[str, Any]:
    """Return the content of run.json. It holds no time of day: the same input gives the same bytes."""
    return {
        "versions": {
            "python": platform.python_version(),
            **{name: metadata.version(name) for name in PACKAGES},
        },
        "model": engine.model,
        "device": engine.device,
        "detector_side_px": DETECTOR_SIDE,
        "looking": LOOKING,
        "weights": list(engine.weights),
        "parameters": _describe_options(analysis.options),
        "sampling_rule": SAMPLING_RULE if analysis.options.sample_fps is not None else "every frame",
        "inputs": {camera.camera: _describe_input(camera.video) for camera in analysis.cameras},
    }


def _describe_options(options: AnalysisOptions) -> dict[str, Any]:
    return {
        "sample_fps": str(options.sample_fps) if options.sample_fps is not None else None,
        "segment_us": options.segment_us,
        "tracking": vars(options.tracking),
        "timeline": vars(options.timeline),
        "rules_sha256": options.rules.sha256,
        "calibrate": options.calibrate,
    }


def _describe_input(video: VideoInfo) -> dict[str, Any]:
    digest = hashlib.sha256()
    with video.path.open("rb") as source:
        while block := source.read(_BLOCK_BYTES):
            digest.update(block)
    return {
        "file": video.path.name,
        "size_bytes": video.size_bytes,
        "sha256": digest.hexdigest(),
        "container": video.container,
        "codec": video.codec,
        "pixel_format": video.pixel_format,
        "width": video.width,
        "height": video.height,
        "rotation_deg": video.rotation_deg,
        "duration_us": video.duration_us,
        "frame_rate": str(video.frame_rate) if video.frame_rate is not None else None,
        "has_audio": video.has_audio,
        "created_at": video.created_at,
    }


def _write_json(destination: Path, content: dict[str, Any]) -> None:
    destination.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
