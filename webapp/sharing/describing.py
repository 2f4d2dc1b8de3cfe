"""The words of a package: data set card, code book, tables. Nothing in them leads back into the study."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from webapp.analysis.timelines import COLUMNS, EMOTIONS
from webapp.core.errors import AppError
from webapp.deidjobs.cards import CardRow, expression_rows, mean_rows, privacy_rows, voices_row
from webapp.deidjobs.means import public_look
from webapp.deidjobs.models import Derivative
from webapp.sharing.bag import Packed
from webapp.sharing.models import Release

PARTICIPANTS: Final = ("participant", "kind", "sex", "age_band")
ENCOUNTERS: Final = ("encounter", "doctor", "patient", "videos", "timeline")
MEANS: Final = {
    "participant": "code of this release; it says nothing outside of it",
    "kind": "doctor or patient",
    "age_band": "years; 90+ for everybody from 90 on; empty when unknown",
    "encounter": "code of one consultation in this release",
    "videos": "cameras of which there is a video",
    "camera": "whose camera",
    "second": "second on the clock of the encounter",
    "role": "who of the two the row is about",
    "track": "number of the person seen",
    "status": "ok, no_face, low_confidence, irrelevant_face, occluded, consent_withheld or not_analysed",
    "emotion": "the expression that the face was classified as, not what anybody felt",
    "confidence": "of the classification, 0 to 1",
    "frames_sampled": "frames that were looked at",
    "frames_detected": "frames in which the person's face was found",
}
INTEGERS: Final = frozenset({"second", "track", "frames_sampled", "frames_detected"})
NUMBERS: Final = frozenset({"confidence", *EMOTIONS, "valence", "arousal"})
#: What the cards tell; how the result could be made again stays in the study.
CARDS: Final = ("method", "audio", "verdict", "reasons", "privacy", "expression")
STUDY_CODE: Final = re.compile(r"\b(?:[PD]-[0-9A-Z]{5}|E-\d{4,})\b")
UUID: Final = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)


class NamesTheStudy(AppError):
    code, status = "names_the_study", 409


def check_words(name: str, text: str) -> None:
    """Raise NamesTheStudy for a text that names a participant, an encounter or a thing as the study does."""
    found = STUDY_CODE.search(text) or UUID.search(text)
    if found is not None:
        raise NamesTheStudy(
            f"The {name} names {found.group()}, which is a code of the study and leads back to a person."
            " Take it out, then try again."
        )


def table(columns: Sequence[str], rows: Iterable[Iterable[object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()


def cards_of(video: Derivative) -> bytes:
    return as_json({name: getattr(video, name) for name in CARDS} | {"look": public_look(video)})


def code_book(release: Release, payload: Iterable[Packed]) -> bytes:
    """Return datapackage.json: every file with its hash, and what each column means."""
    return as_json(
        {
            "profile": "data-package",
            "name": f"release-{release.version}",
            "title": release.title,
            "version": str(release.version),
            "description": release.description,
            "licenses": [{"title": release.licence.strip().splitlines()[0], "path": "LICENSE.txt"}],
            "resources": [_resource(one) for one in payload],
        }
    )


def data_set_card(
    release: Release, videos: Sequence[tuple[str, Derivative]], counts: dict[str, int]
) -> bytes:
    """Return README.md. videos: with the paths that they have in the package."""
    study = release.study
    protocol = f" (protocol {study.protocol_number})" if study.protocol_number else ""
    parts = [
        f"# {release.title}",
        f"Release {release.version} of the study “{study.title}”{protocol}.",
        release.description,
        "## What is in it",
        f"{counts['encounters']} consultations of {counts['people']} people: {counts['videos']} de-identified"
        f" videos and {counts['timelines']} timelines, one row per second and person. `participants.csv` and"
        " `encounters.csv` say who met whom, under codes that were drawn for this release alone."
        " `datapackage.json` explains every column and gives every file's SHA-256. The package is a BagIt"
        " bag: `bagit.py --validate` checks it.",
        "## What it was made for",
        study.purpose or "See the description above.",
        "## How people were de-identified",
        f"{_who_is_hidden(videos)} Each video was audited, and a second person signed it off. Names, dates,"
        " places, file names and the study's own codes are left out; ages are bands, and everybody from 90 on"
        " is 90+.",
        _cards_table(videos),
        "## Limits",
        "- De-identification lowers the risk of recognition; it does not end it. Hair, clothes, body and"
        " movement are not changed by every method.\n"
        "- Expressions are classified by a machine from visible faces. They say what a face showed, not what"
        " a person felt.\n"
        "- Seconds with the status `consent_withheld` are empty because their person does not agree to their"
        " analysis. A gap is a gap: do not fill it.\n"
        "- Whoever does not agree to share is not in here, so the people are not a random sample.",
        "## Terms of use",
        release.terms,
        "The licence is in `LICENSE.txt`.",
        "## Recall",
        "Everybody in this package may change their mind. You are then told by e-mail which files are called"
        " back, under the codes used here. Destroy them, every copy of this package that holds them and what"
        " you derived from them that still shows or describes the person; then answer that it is done.",
    ]
    return ("\n\n".join(part.strip() for part in parts) + "\n").encode()


def as_json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _resource(one: Packed) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "name": re.sub(r"[^a-z0-9._-]+", "-", one.path.lower()),
        "path": one.path,
        "hash": f"sha256:{one.sha256}",
        "bytes": one.size_bytes,
    }
    name = one.path.rsplit("/", maxsplit=1)[-1]
    columns = {"timeline.csv": COLUMNS, "participants.csv": PARTICIPANTS, "encounters.csv": ENCOUNTERS}
    if name in columns:
        fields = [_field(column) for column in columns[name]]
        resource |= {"profile": "tabular-data-resource", "schema": {"fields": fields}}
    return resource


def _field(column: str) -> dict[str, str]:
    kind = "integer" if column in INTEGERS else "number" if column in NUMBERS else "string"
    means = MEANS.get(column, f"probability of {column}, 0 to 1" if column in EMOTIONS else "")
    return {"name": column, "type": kind} | ({"description": means} if means else {})


def _who_is_hidden(videos: Sequence[tuple[str, Derivative]]) -> str:
    methods = ", ".join(sorted({f"`{video.method}` (sound: {video.sound})" for _, video in videos}))
    shown = [
        f"{path} ({len(video.recipe['exempt'])})" for path, video in videos if video.recipe.get("exempt")
    ]
    if not shown:
        return f"Every face of everyone was replaced or covered by {methods}."
    return (
        f"Faces were replaced or covered by {methods}, but not those of everyone: some people at whom the"
        f" camera is not pointed were left as they are and can be recognised in {', '.join(shown)}."
    )


def _privacy_of(video: Derivative) -> list[CardRow]:
    return [*mean_rows(public_look(video)), *privacy_rows(video.privacy), voices_row(video.media)]


def _cards_table(videos: Sequence[tuple[str, Derivative]]) -> str:
    lines = ["| Video | Audit | Privacy | Expression |", "|---|---|---|---|"]
    for path, video in videos:
        privacy = "; ".join(f"{row.name.lower()}: {row.value}" for row in _privacy_of(video))
        kept = "; ".join(f"{row.name.lower()}: {row.value}" for row in expression_rows(video.expression))
        lines.append(f"| {path} | {video.verdict} | {privacy} | {kept} |")
    return "\n".join(lines)
