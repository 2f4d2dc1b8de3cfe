"""What the commands on results do: compare models, compare groups, read files of other programs."""

from __future__ import annotations

import csv
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from emotion.commands import name_camera
from emotion.labels import EMOTIONS
from emotion.terminal import FractionDone, UsageError

if TYPE_CHECKING:
    from emotion.compare import Labelling
    from emotion.conclude import CameraAnalysis
    from emotion.timeline import EncounterClock
    from emotion.types import VideoInfo

LETTERS: Final = {emotion: emotion[0].upper() for emotion in EMOTIONS} | {"surprise": "U"}


def compare(arguments: Namespace, progress: FractionDone) -> Any:
    """Return how far models, other systems and people agree on one recording; keep runs where asked to."""
    from emotion.compare import compare_labellings, labelling_of, models_to_compare
    from emotion.media import probe_video
    from emotion.timeline import EncounterClock

    names = tuple(dict.fromkeys(arguments.model)) or (() if arguments.others else models_to_compare())
    if len(names) + len(arguments.others) < 2 or {name for name, _ in arguments.others} & {*names}:
        raise UsageError("expected two models or labellings with names of their own, got fewer")
    camera = arguments.camera or name_camera(arguments.video)
    video = probe_video(arguments.video)
    clock = EncounterClock(1000 * arguments.offset_ms)
    others = [
        _labelling(name, text, camera=camera, video=video, clock=clock) for name, text in arguments.others
    ]
    analyses = _analyse_models(arguments, names, camera, clock, progress) if names else ()
    found = compare_labellings([*map(labelling_of, names, analyses), *others])
    return {"video": arguments.video.name, "camera": camera, **found}


def _analyse_models(
    arguments: Namespace,
    names: Sequence[str],
    camera: str,
    clock: EncounterClock,
    progress: FractionDone,
) -> tuple[CameraAnalysis, ...]:
    """Return one analysis per model, from one pass over the recording, and write each to its own folder."""
    from emotion.compare import analyse_side_by_side
    from emotion.conclude import AnalysisOptions, conclude_encounter
    from emotion.pipeline import load_engine
    from emotion.recognise import load_recogniser
    from emotion.results import describe_engine, write_results

    records = [describe_engine(name, device=arguments.device) for name in names]
    options = AnalysisOptions(sample_fps=arguments.sample_fps)
    analyses = analyse_side_by_side(
        arguments.video,
        camera=camera,
        engine=load_engine(arguments.weights, model=names[0], device=arguments.device),
        recognisers=[
            load_recogniser(name, arguments.weights, device=arguments.device, threads=1) for name in names
        ],
        options=options,
        clock=clock,
        progress=progress,
    )
    if arguments.out is not None:
        for record, analysis in zip(records, analyses, strict=True):
            encounter = conclude_encounter([analysis], options=options)
            write_results(encounter, arguments.out / record.model, engine=record)
    return analyses


def _labelling(name: str, text: str, *, camera: str, video: VideoInfo, clock: EncounterClock) -> Labelling:
    from emotion.agreement import labels_of
    from emotion.compare import Labelling, labelling_of
    from emotion.errors import UnreadableTable
    from emotion.foreign import ELAN, PARQUET, TIMELINE, guess_format, read_camera, read_tier_labels
    from emotion.stored import read_timeline

    whole = Path(text)
    file, _, tier = (text, "", "") if whole.exists() else text.partition("#")
    path = Path(file)
    kind = guess_format(path)
    if kind == ELAN:
        return Labelling(name, read_tier_labels(path, tier or None, video=video, clock=clock))
    if kind in (TIMELINE, PARQUET):
        cameras = read_timeline(path)
        chosen = cameras.get(camera) or (next(iter(cameras.values())) if len(cameras) == 1 else None)
        if chosen is None:
            raise UnreadableTable(
                f"{path.name}: expected rows of the camera {camera!r}, got {', '.join(cameras) or 'none'}; "
                "name one with --camera."
            )
        return Labelling(name, labels_of(chosen), len(chosen))
    return labelling_of(name, read_camera(path, kind, camera=camera, video=video, clock=clock))


def show_comparison(result: Any) -> str:
    """Return what each labelled, then per pair the agreement and its confusion."""
    lines = []
    for one in result["labellings"]:
        of = f" of {one['seconds']}" if one["seconds"] is not None else ""
        lines.append(f"{one['name']}: labelled {one['seconds_labelled']}{of} s")
    for pair in result["pairs"]:
        kappa = "not measured" if pair["kappa"] is None else f"{pair['kappa']:.2f}"
        same = sum(row[at] for at, row in enumerate(pair["confusion"]))
        lines += [
            "",
            f"{pair['first']} against {pair['second']}: same label in {same} of {pair['seconds']} s, "
            f"kappa {kappa}",
            *_grid(pair["confusion"]),
        ]
    return "\n".join(lines)


def _grid(confusion: Sequence[Sequence[int]]) -> list[str]:
    """Return a confusion as lines: rows by the first, columns by the second, only labels that occur."""
    used = [at for at in range(len(EMOTIONS)) if any(confusion[at]) or any(row[at] for row in confusion)]
    head = " " * 12 + "".join(f"{LETTERS[EMOTIONS[at]]:>6}" for at in used)
    return [head] + [
        f"  {LETTERS[EMOTIONS[row]]} {EMOTIONS[row]:<8}" + "".join(f"{confusion[row][at]:>6}" for at in used)
        for row in used
    ]


def statistics(arguments: Namespace, progress: FractionDone) -> Any:
    """Return the comparison of doctors and patients, of two arms, or the published table."""
    from emotion.cohort import compare_analysed_arms, compare_analysed_roles, describe_published

    asked = [bool(arguments.results or arguments.doctor), bool(arguments.arm), arguments.published]
    if sum(asked) != 1:
        raise UsageError("expected one of: DIR ... or --doctor CODE=DIR, --arm NAME=DIR, --published")
    if arguments.published:
        found = describe_published()
    elif arguments.arm:
        arms: dict[str, list[Path]] = {}
        for name, path in arguments.arm:
            arms.setdefault(name, []).append(Path(path))
        if len(arms) != 2:
            raise UsageError(f"expected two arms, got {', '.join(arms)}")
        found = compare_analysed_arms(arms, role=arguments.role, seed=arguments.seed)
    else:
        clusters: dict[Path, str | None] = dict.fromkeys(arguments.results)
        clusters |= {Path(path): code for code, path in arguments.doctor}
        found = compare_analysed_roles(clusters, seed=arguments.seed)
    progress(1.0)
    return found


def show_statistics(result: Any) -> str:
    """Return a line per emotion, with what stands in the way of believing it."""
    if "counts" in result:
        rows = [f"{name}: doctors {one[0]} s, patients {one[1]} s" for name, one in result["counts"].items()]
        test = (
            f"chi-square {result['chi_square']:.1f}, df {result['degrees_of_freedom']}, P {result['p']:.2g}"
        )
        return "\n".join([*rows, test, result["warning"]])
    first, second = result["groups"]
    lines = [f"{first} against {second}, unit: {result['unit']}"]
    for one in result["comparisons"]:
        n = "/".join(map(str, dict.fromkeys(one["n"])))
        if one["difference"] is None:
            lines.append(f"{one['emotion']}: not measured (n {n})")
            continue
        lines.append(
            f"{one['emotion']}: {one['difference']:+.1%} of seen seconds{_interval(one['interval'])}, "
            f"g {_number(one['effect'])}, P after Holm {_number(one['p_holm'])}, n {n}"
        )
    return "\n".join([*lines, *([result["warning"]] if result["warning"] else [])])


def _number(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.2g}"


def _interval(found: Any) -> str:
    return "" if found is None else f" (95 % {found['low']:+.1%} to {found['high']:+.1%})"


def import_file(arguments: Namespace, progress: FractionDone) -> Any:
    """Read a file of another program and write what our own tools can work on."""
    from emotion.foreign import ELAN, PARQUET, TIMELINE, guess_format, has_emotions
    from emotion.formats.openface import read_openface

    kind = arguments.format or guess_format(arguments.file)
    if kind == ELAN:
        done = _write(arguments.out, "labels.csv", lambda path: _write_labels(arguments.file, path))
    elif kind in (PARQUET, TIMELINE):
        done = _write(arguments.out, "timeline.csv", lambda path: _write_timeline(arguments.file, path))
    elif kind == "openface" and not has_emotions(read_openface(arguments.file)):
        done = _write(arguments.out, "action_units.csv", lambda path: _write_units(arguments.file, path))
    else:
        done = _import_faces(arguments, kind)
    progress(1.0)
    return {"format": kind, "out": str(arguments.out), **done}


def _import_faces(arguments: Namespace, kind: str) -> dict[str, Any]:
    from emotion.conclude import conclude_encounter
    from emotion.foreign import read_camera
    from emotion.media import probe_video
    from emotion.results import FILES, EngineRecord, write_results

    if arguments.video is None:
        raise UsageError(f"expected --video, the recording that the faces of {arguments.file.name} are of")
    camera = arguments.camera or name_camera(arguments.video)
    analysis = read_camera(arguments.file, kind, camera=camera, video=probe_video(arguments.video))
    write_results(conclude_encounter([analysis]), arguments.out, engine=EngineRecord(kind, "unknown", ()))
    return {"camera": camera, "seconds": len(analysis.rows), "files": list(FILES)}


def _write(out_dir: Path, name: str, write: Callable[[Path], int]) -> dict[str, Any]:
    """Write one file complete or not at all; return its name and how many rows it has."""
    from emotion.results import writable

    out_dir_was_there = out_dir.exists()
    temporary = out_dir / f".{name}.part"
    try:
        with writable(out_dir):
            out_dir.mkdir(parents=True, exist_ok=True)
            rows = write(temporary)
            temporary.replace(out_dir / name)
    except BaseException:
        temporary.unlink(missing_ok=True)
        if not out_dir_was_there and out_dir.is_dir():
            out_dir.rmdir()
        raise
    return {"rows": rows, "files": [name]}


def _write_labels(source: Path, destination: Path) -> int:
    from emotion.formats.elan_read import read_eaf
    from emotion.formats.elan_tiers import labels_by_second

    rows = [
        (tier.name, tier.participant, second, label)
        for tier in read_eaf(source).tiers
        for second, label in labels_by_second(tier).items()
    ]
    return _write_csv(destination, ("tier", "participant", "second", "label"), rows)


def _write_timeline(source: Path, destination: Path) -> int:
    from emotion.stored import read_timeline
    from emotion.tables import TIMELINE_COLUMNS, timeline_row

    rows = [timeline_row(row) for camera in read_timeline(source).values() for row in camera]
    return _write_csv(destination, TIMELINE_COLUMNS, rows)


def _write_units(source: Path, destination: Path) -> int:
    from emotion.formats.openface import action_units_by_second, read_openface

    units = action_units_by_second(read_openface(source))
    names = sorted({name for values in units.values() for name in values})
    rows = [(second, *(values.get(name) for name in names)) for second, values in units.items()]
    return _write_csv(destination, ("second", *names), rows)


def _write_csv(destination: Path, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> int:
    with destination.open("w", newline="", encoding="utf-8") as sink:
        writer = csv.writer(sink, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    return len(rows)
