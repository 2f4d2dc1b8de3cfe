"""Writing what was planned into a package, in an order that tells nothing of the study's own."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from webapp.analysis.timelines import COLUMNS, second_rows
from webapp.consent.models import Purpose
from webapp.core.errors import AppError
from webapp.deidjobs.models import Derivative
from webapp.deidjobs.queries import purposes_of
from webapp.deidjobs.storage import version
from webapp.jobs.errors import Stopped
from webapp.sharing import describing
from webapp.sharing.asking import Asking
from webapp.sharing.bag import BagWriter, Packed, pieces_of
from webapp.sharing.codes import age_band, codes_of
from webapp.sharing.models import Release, ReleaseItem, ReleasePerson
from webapp.sharing.planning import PlannedEncounter, ReleasePlan
from webapp.studies.models import Participant


class ChangedVersion(AppError):
    code, status = "version_changed", 409


@dataclass
class Contents:
    """What was written, as rows that are not saved yet."""

    payload: list[Packed] = field(default_factory=list)
    items: list[ReleaseItem] = field(default_factory=list)
    people: list[ReleasePerson] = field(default_factory=list)


def folder_of(release: Release) -> str:
    return release.code


def pack(
    release: Release, plan: ReleasePlan, file: IO[bytes], *, report: Callable[[float], None]
) -> Contents:
    """Write a package and return what is in it. report is told a share of 0..1; it stops the work by raising.

    Raises Stopped when somebody no longer agrees, NamesTheStudy for words that lead back to a person, and
    ChangedVersion for a video that is not the one that was signed off.
    """
    bag = BagWriter(file, folder_of(release))
    try:
        return _Packing(release, plan, bag, report).run()
    except BaseException:
        bag.abandon()
        raise


class _Packing:
    def __init__(
        self, release: Release, plan: ReleasePlan, bag: BagWriter, report: Callable[[float], None]
    ) -> None:
        self.release, self.plan, self.bag, self.report = release, plan, bag, report
        self.contents, self.done_bytes = Contents(), 0
        self.videos: list[tuple[str, Derivative]] = []
        both = [person for one in plan.encounters for person in (one.encounter.doctor, one.encounter.patient)]
        self.people: dict[int, Participant] = {person.pk: person for person in both}
        key = release.code_key
        self.codes: dict[object, str] = {}
        for prefix, kind in (("doc", Participant.Kind.DOCTOR), ("pat", Participant.Kind.PATIENT)):
            self.codes |= codes_of(key, prefix, {pk for pk, one in self.people.items() if one.kind == kind})
        self.encounters = codes_of(key, "enc", {one.encounter.pk for one in plan.encounters})

    def run(self) -> Contents:
        for name in ("title", "description", "terms", "licence"):
            describing.check_words(name, getattr(self.release, name))
        describing.check_words("purpose of the study", self.release.study.purpose)
        for planned in sorted(self.plan.encounters, key=lambda one: self.encounters[one.encounter.pk]):
            self._add_encounter(planned)
        self._add_tables()
        self._add_words()
        self.bag.finish({"External-Identifier": folder_of(self.release), "Bag-Software-Agent": "Empathy Lab"})
        self.contents.payload = self.bag.payload
        return self.contents

    def _add_encounter(self, planned: PlannedEncounter) -> None:
        asking, folder = Asking(planned), f"encounters/{self.encounters[planned.encounter.pk]}"
        for video in planned.videos:
            camera = video.recording.camera
            packed = self._add(f"{folder}/{camera}.mp4", self._video(video, asking), asking, video.size_bytes)
            if packed.sha256 != video.sha256:
                raise ChangedVersion(
                    f"A video of {planned.encounter} is not the file that was signed off. "
                    "Make and sign off another version of it."
                )
            purposes = [Purpose.RECORD.value, *map(str, purposes_of(video.audio))]
            self._item(planned, packed, kind="video", source_id=video.pk, purposes=purposes, camera=camera)
            self.videos.append((packed.path, video))
            self._add(f"{folder}/{camera}.cards.json", [describing.cards_of(video)], asking)
        if planned.run is not None:
            packed = self._add(f"{folder}/timeline.csv", _timeline(planned, asking), asking)
            purposes = [str(purpose) for purpose in planned.timeline_purposes]
            self._item(planned, packed, kind="timeline", source_id=planned.run.pk, purposes=purposes)

    def _add(self, path: str, pieces: Iterable[bytes], asking: Asking, size_bytes: int = 0) -> Packed:
        if not asking.still():
            raise Stopped
        return self.bag.add(path, pieces, size_bytes)

    def _video(self, video: Derivative, asking: Asking) -> Iterator[bytes]:
        for piece in pieces_of(version(video.recording_id, video.pk)):
            if not asking.still():
                raise Stopped
            self.done_bytes += len(piece)
            self.report(self.done_bytes / max(1, self.plan.size_bytes))
            yield piece

    def _item(self, planned: PlannedEncounter, packed: Packed, **values: Any) -> None:
        self.contents.items.append(
            ReleaseItem(
                release=self.release,
                encounter=planned.encounter,
                code=self.encounters[planned.encounter.pk],
                path=packed.path,
                sha256=packed.sha256,
                size_bytes=packed.size_bytes,
                **values,
            )
        )

    def _add_tables(self) -> None:
        people = sorted(self.people.values(), key=lambda one: self.codes[one.pk])
        self.contents.people = [
            ReleasePerson(release=self.release, participant=one, code=self.codes[one.pk]) for one in people
        ]
        rows = [(self.codes[one.pk], one.kind, one.sex, age_band(one.age)) for one in people]
        self.bag.add("participants.csv", [describing.table(describing.PARTICIPANTS, rows)])
        self.bag.add("encounters.csv", [describing.table(describing.ENCOUNTERS, sorted(self._met()))])

    def _met(self) -> Iterator[tuple[str, ...]]:
        for one in self.plan.encounters:
            cameras = " ".join(sorted(video.recording.camera for video in one.videos))
            pair = (self.codes[one.encounter.doctor_id], self.codes[one.encounter.patient_id])
            yield (self.encounters[one.encounter.pk], *pair, cameras, "yes" if one.run else "no")

    def _add_words(self) -> None:
        counts = {
            "encounters": len(self.plan.encounters),
            "people": len(self.people),
            "videos": len(self.videos),
            "timelines": self.plan.timelines,
        }
        card = describing.data_set_card(self.release, self.videos, counts)
        self.bag.add("README.md", [card])
        self.bag.add("TERMS.txt", [self.release.terms.strip().encode() + b"\n"])
        self.bag.add("LICENSE.txt", [self.release.licence.strip().encode() + b"\n"])
        self.bag.add("datapackage.json", [describing.code_book(self.release, list(self.bag.payload))])


def _timeline(planned: PlannedEncounter, asking: Asking) -> Iterator[bytes]:
    assert planned.run is not None
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in second_rows(planned.run, None):
        if not asking.still():
            raise Stopped
        writer.writerow(row)
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()
    yield text.getvalue().encode()
