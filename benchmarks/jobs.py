"""What cutting work into segments costs, and what more workers bring: `python -m benchmarks.jobs`."""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.jobs_site import add_recording, empty_site, make_encounters
from benchmarks.long_life import resident_mb
from benchmarks.memory import ROOT, loop_recording
from deid.demo import demo_videos

if TYPE_CHECKING:
    from webapp.jobs.models import Job

EMPTY_SEGMENTS = 1000
WAITING_JOBS = 1000
PATIENCE_S = 900.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.jobs", description=__doc__)
    parser.add_argument("--seconds", type=int, default=120, help="length of the recording that is analysed")
    parser.add_argument("--empty", action="store_true", help="only segments without work, and rows written")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    with empty_site() as folder:
        figures = measure_empty_segments(EMPTY_SEGMENTS) | measure_waiting_jobs(WAITING_JOBS)
        figures |= measure_writing()
        if not arguments.empty:
            figures |= measure_work(folder, figures["segment_overhead_ms"], seconds=arguments.seconds)
    lines = [f"{name.replace('_', ' '):<46} {value}" for name, value in figures.items()]
    print(json.dumps(figures) if arguments.json else "\n".join(lines))


def measure_work(folder: Path, overhead_ms: float, *, seconds: int) -> dict[str, Any]:
    """Return the figures for which a recording is analysed."""
    figures: dict[str, Any] = {}
    film = folder / "film.mp4"
    length_s = loop_recording(demo_videos()["patient"], film, seconds)
    for processes in (1, 2):
        figures |= measure_throughput(film, length_s, processes)
    figures["overhead_share"] = round(overhead_ms / 1e3 / figures["segment_work_s"], 4)
    figures["notice_dead_worker_s"] = measure_notice(film, length_s)
    return figures


def measure_empty_segments(count: int) -> dict[str, Any]:
    """Return what a segment costs whose work is nothing, and whether memory stays flat over many of them."""
    from django.core.management import call_command
    from django.db import connection

    from webapp.jobs.registry import JobKind, PlannedSegment, Segmented, register_kind
    from webapp.jobs.services import create_job

    done: set[str] = set()
    held_mb: list[float] = []
    statements = 0

    def plan(_context: object) -> list[PlannedSegment]:
        return [PlannedSegment(str(n), str(n), {"n": n}, 30.0, str(n) in done) for n in range(count)]

    def work(context: Any) -> None:
        done.add(context.segment.name)
        held_mb.append(resident_mb())

    def counting(execute: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal statements
        statements += 1
        return execute(*arguments)

    register_kind(JobKind("bench", "Benchmark", lambda _: None, Segmented(plan, work, lambda: "cpu")))
    create_job(kind="bench", params={}, subject_id=uuid.uuid4(), requested_by=None, study_id=None)
    began, began_cpu = time.perf_counter(), time.process_time()
    with connection.execute_wrapper(counting):
        call_command("worker", "--batch", "--interval", "0")
    per_segment_ms = (time.perf_counter() - began) / count * 1e3
    processor_ms = (time.process_time() - began_cpu) / count * 1e3
    quarter = count // 4
    return {
        "empty_segments": count,
        "segment_overhead_ms": round(per_segment_ms, 1),
        "segment_overhead_processor_ms": round(processor_ms, 1),
        "statements_per_segment": round(statements / count, 1),
        "memory_second_quarter_mb": round(median(held_mb[quarter : 2 * quarter]), 1),
        "memory_last_quarter_mb": round(median(held_mb[-quarter:]), 1),
    }


def measure_waiting_jobs(count: int) -> dict[str, Any]:
    """Return what a job without work costs while all the others wait, and while few are left."""
    from django.core.management import call_command
    from django.db import transaction

    from webapp.jobs.registry import JobKind, register_kind
    from webapp.jobs.services import create_job

    began: list[float] = []
    register_kind(JobKind("bench_job", "Benchmark", lambda _: began.append(time.perf_counter())))
    with transaction.atomic():
        for _ in range(count):
            create_job(kind="bench_job", params={}, subject_id=uuid.uuid4(), requested_by=None, study_id=None)
    call_command("worker", "--batch", "--interval", "0")
    steps_ms = [1e3 * (after - before) for before, after in pairwise(began)]
    tenth = count // 10
    return {
        f"job_overhead_ms_of_{count}_waiting": round(median(steps_ms[:tenth]), 1),
        f"job_overhead_ms_of_the_last_{tenth}": round(median(steps_ms[-tenth:]), 1),
    }


def measure_writing(hours: int = 1) -> dict[str, Any]:
    """Return how many rows of a result are written per second."""
    from django.db import transaction

    from webapp.analysis.models import AnalysisRun, FaceObservation, SecondRow

    (encounter,) = make_encounters(1)
    now = _now()
    run = AnalysisRun.objects.create(encounter=encounter, model="bench", finished_at=now)
    seconds = [
        SecondRow(
            run=run,
            camera="patient",
            role="patient",
            second=second,
            status="ok",
            emotion="neutral",
            frames_sampled=5,
            frames_detected=5,
        )
        for second in range(3600 * hours)
    ]
    box = {"x": 0.1, "y": 0.2, "w": 0.3, "h": 0.4}
    faces = [
        FaceObservation(
            run=run,
            camera="patient",
            role="patient",
            t_ms=200 * n,
            track=1,
            emotion="neutral",
            confidence=0.5,
            **box,
        )
        for n in range(5 * 3600 * hours)
    ]
    began = time.perf_counter()
    with transaction.atomic():
        SecondRow.objects.bulk_create(seconds, batch_size=500)
        FaceObservation.objects.bulk_create(faces, batch_size=500)
    return {"rows_written_per_s": round((len(seconds) + len(faces)) / (time.perf_counter() - began))}


def measure_throughput(film: Path, length_s: float, processes: int) -> dict[str, Any]:
    """Return recorded seconds per second of wall time while so many workers share one encounter."""
    from webapp.jobs.models import Segment

    job = _queue_analysis(film, length_s)
    team = _start("--processes", str(processes), "--interval", "0.1")
    try:
        _wait(lambda: _reload(job).finished_at is not None)
    finally:
        _end(team)
    segments = Segment.objects.filter(job=job)
    if _reload(job).state != "done":
        raise SystemExit(f"the analysis ended {job.state}: {job.error_message}")
    began, ended = (
        min(one.started_at for one in segments if one.started_at),
        max(one.finished_at for one in segments if one.finished_at),
    )
    work = sorted(one.work_s for one in segments if one.media_s == 30 and one.work_s)
    wall_s = (ended - began).total_seconds()
    return {
        f"times_real_time_{processes}_workers": round(2 * length_s / wall_s, 2),
        "segment_work_s": round(median(work), 2),
    }


def measure_notice(film: Path, length_s: float) -> float:
    """Return the seconds from the death of a worker until another holds its segment. No supervisor helps."""
    from webapp.jobs.models import Segment

    _queue_analysis(film, length_s)
    victim = _start("--name", "victim", "--interval", "0.1")
    witness = None
    held = Segment.objects.filter(worker="victim", state="running")
    try:
        _wait(held.exists)
        segment = held.get()
        witness = _start("--name", "witness", "--interval", "0.1")
        _wait(lambda: Segment.objects.filter(worker="witness").exists())
        segment = held.get()
        victim.send_signal(signal.SIGKILL)
        died = time.perf_counter()
        _wait(lambda: not held.filter(pk=segment.pk).exists())
        return round(time.perf_counter() - died, 1)
    finally:
        for process in (victim, witness):
            if process is not None:
                _end(process)


def _queue_analysis(film: Path, length_s: float) -> Job:
    from webapp.analysis.services import start_run

    (encounter,) = make_encounters(1)
    for camera in ("doctor", "patient"):
        add_recording(encounter, camera, film, round(length_s * 1e6))
    return start_run(encounter=encounter, actor=None)


def _start(*arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "manage.py", "worker", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait()


def _reload(job: Job) -> Job:
    job.refresh_from_db()
    return job


def _wait(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > until:
            raise SystemExit("the workers did not get there in time")
        time.sleep(0.1)


def _now() -> Any:
    from django.utils import timezone

    return timezone.now()


if __name__ == "__main__":
    main()
