"""A de-identified file with its cards, in steps: those of hiding, the joining, and the audit in stretches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from deid.audit import Audit, AuditOptions, AuditTools
from deid.errors import UnknownStep
from deid.json_files import read_json, write_json
from deid.kept_readings import read_readings, write_readings
from deid.reuse import take_over
from deid.steps import Step
from deid.task import describe
from deid.work import Work
from emotion.media.source import partial_path, size_of
from emotion.samples import Segment
from emotion.types import MediaPath

JOIN, AUDIT = "join", "audit"
HIDING_SHARE: Final = 0.5  # of the time; the rest is the audit


class Delivery:
    """What Work does, the file at its place, and what an audit measures on that file."""

    def __init__(
        self,
        work: Work,
        source: MediaPath,
        destination: MediaPath,
        *,
        tools: Callable[[], AuditTools],
        keep: Callable[[str], MediaPath],
    ) -> None:
        """tools: returns the networks of an audit, once they are needed. keep: that of the work."""
        self._work, self._source, self._destination = work, source, destination
        self._tools, self._keep = tools, keep
        self._audits: tuple[str, Audit] | None = None

    def steps(self) -> list[Step]:
        """Return all steps that are known now, as Work.steps does, whose errors it raises."""
        steps = [replace(step, share=step.share * HIDING_SHARE) for step in self._work.steps()]
        if not all(step.is_done for step in steps):
            return steps
        joined = Step(JOIN, self._join_name(), 0, 0.0, 0.0, self._is_joined())
        audits = self._audit_steps() if joined.is_done else {}
        return [*steps, joined, *(step for step, _ in audits.values())]

    def take_over(self, earlier: Callable[[str], MediaPath]) -> list[str]:
        """Use what an earlier work on the same recording kept; return the names of these steps.

        What is joined and measured is always this file's own.
        """
        return take_over(self._work, earlier=earlier, keep=self._keep)

    def do(
        self, name: str, *, progress: Callable[[float], None], cancelled: Callable[[], bool] | None = None
    ) -> None:
        """Do a step that steps gives, and keep its result. Raises UnknownStep, and what they raise."""
        if name.startswith((JOIN, AUDIT)) and not all(step.is_done for step in self._work.steps()):
            raise UnknownStep(name)
        if name.startswith(JOIN):
            report = self._work.finish(self._destination, cancelled=cancelled)
            size_bytes = size_of(self._destination)
            write_json({"report": describe(report), "size_bytes": size_bytes}, self._keep(name))
        elif name.startswith(AUDIT):
            self._measure(name, progress, cancelled)
        else:
            self._work.do(name, progress=progress, cancelled=cancelled)

    def conclude(
        self,
        *,
        options: AuditOptions | None = None,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> dict[str, Any]:
        """Return the report and the cards, once all steps are done.

        options: whom the person is told apart from, and the thresholds. Raises ResultLost, Cancelled.
        """
        parts = [self._work.read(name, read_readings) for name in self._audit_steps()]
        report = self._work.read(self._join_name(), read_json)["report"]

        def scratch(name: str) -> MediaPath:
            return partial_path(self._keep(name))

        donors = tuple(name for name in report.get("donors", {}).values() if name is not None)
        told = replace(options or AuditOptions(), donors=donors)
        cards = self._audit(told).conclude(parts, scratch, progress=progress, cancelled=cancelled)
        return {"report": report, **cards}

    def _measure(
        self, name: str, progress: Callable[[float], None], cancelled: Callable[[], bool] | None
    ) -> None:
        if name not in self._audit_steps():
            raise UnknownStep(name)
        step, segment = self._audit_steps()[name]
        kept = self._keep(name)
        readings = self._audit().read(
            segment,
            partial_path(kept),
            progress=lambda time_us: progress((time_us - step.start_us) / 1e6 / step.seconds),
            cancelled=cancelled,
        )
        write_readings(readings, kept)

    def _audit(self, options: AuditOptions | None = None) -> Audit:
        if self._audits is None or options is not None or self._audits[0] != self._work.settled:
            task = self._work.task
            whole = Audit(
                self._source, self._destination, tools=self._tools(), found=self._work.faces,
                options=replace(options or AuditOptions(), faces=task.faces, exempt=task.exempt),
            )  # fmt: skip
            self._audits = (self._work.settled, whole)
        return self._audits[1]

    def _audit_steps(self) -> dict[str, tuple[Step, Segment]]:
        steps = {}
        for at, (segment, seconds) in enumerate(self._work.segments()):
            name = f"{AUDIT}-{at:05d}-{self._work.settled}.npz"
            is_done = self._keep(name).is_file()
            steps[name] = (Step(AUDIT, name, segment.start_us, seconds, 1 - HIDING_SHARE, is_done), segment)
        return steps

    def _join_name(self) -> str:
        return f"{JOIN}-00000-{self._work.settled}.json"

    def _is_joined(self) -> bool:
        if not (self._keep(self._join_name()).is_file() and self._destination.is_file()):
            return False
        return bool(self._work.read(self._join_name(), read_json)["size_bytes"] == size_of(self._destination))
