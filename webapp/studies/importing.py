"""Participants from a CSV file: first the fate of every row, then, when all are good, the participants."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import transaction

from webapp.accounts.models import User
from webapp.core import audit
from webapp.core.errors import Invalid
from webapp.studies.attributes import NotAValue, read_value
from webapp.studies.models import Attribute, Participant, Site, Study
from webapp.studies.services import add_participant

MOST_ROWS: Final = 2000
MOST_BYTES: Final = 500_000
COLUMNS: Final = ("kind", "sex", "age", "site")
ABSURD_AGE: Final = 130


@dataclass(frozen=True)
class Fate:
    """What becomes of one row. line: as a spreadsheet numbers it, the heading being 1."""

    line: int
    cells: dict[str, str]
    problems: list[str]
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        return not self.problems


def read_rows(data: bytes) -> list[dict[str, str]]:
    """Return the rows of a CSV file as text. Raises Invalid for what is no CSV file of a bearable size."""
    if len(data) > MOST_BYTES:
        raise Invalid(f"Expected at most {MOST_BYTES // 1000} kB. Split the file.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid("Expected the file in UTF-8. Save it as “CSV UTF-8”.") from None
    if "\0" in text:
        raise Invalid("Expected a CSV file, got something else.")
    heading = text.split("\n", maxsplit=1)[0]
    delimiter = ";" if heading.count(";") > heading.count(",") else ","
    rows = [_cleaned(row) for row in csv.DictReader(io.StringIO(text), delimiter=delimiter)]
    if not rows:
        raise Invalid("The file has no rows below its heading.")
    if len(rows) > MOST_ROWS:
        raise Invalid(f"Expected at most {MOST_ROWS} rows, got {len(rows)}. Split the file.")
    return rows


def fates(study: Study, rows: list[dict[str, str]], own_site: Site | None = None) -> list[Fate]:
    """Return what would become of each row; nothing changes. Raises Invalid for columns that nobody defined.

    own_site: where the importing member works, if at one site alone; rows may name no other.
    """
    attributes = {attribute.name: attribute for attribute in study.attributes.all()}
    unknown = sorted({name for row in rows for name in row} - set(COLUMNS) - set(attributes))
    if unknown:
        raise Invalid(
            f"Unknown column {', '.join(name[:40] or '(empty)' for name in unknown)}. This study knows "
            f"{', '.join([*COLUMNS, *attributes])}. Names and hospital numbers stay outside of this system."
        )
    sites = {site.name.lower(): site for site in study.sites.all()}
    return [_fate(line, row, attributes, sites, own_site) for line, row in enumerate(rows, start=2)]


@transaction.atomic
def import_participants(*, actor: User, study: Study, found: list[Fate]) -> list[Participant]:
    """Add every row, in order, or none. Raises Invalid while a row is not good."""
    if bad := [fate for fate in found if not fate.good]:
        raise Invalid(f"{len(bad)} rows need another look, so nothing was imported.")
    added = [add_participant(actor=actor, study=study, **fate.values) for fate in found]
    audit.record(
        actor=actor,
        action="participant.imported",
        target=study,
        study_id=study.pk,
        details={"rows": len(added)},
    )
    return added


def _cleaned(row: Mapping[Any, Any]) -> dict[str, str]:
    """Return a row by lower-case column; cells beyond the heading come under no name, and are refused."""
    return {(name or "").strip().lower(): str(value or "").strip() for name, value in row.items()}


def _fate(
    line: int,
    row: dict[str, str],
    attributes: Mapping[str, Attribute],
    sites: Mapping[str, Site],
    own_site: Site | None,
) -> Fate:
    problems: list[str] = []
    values: dict[str, Any] = {
        "kind": _one_of("kind", row.get("kind", ""), Participant.Kind.values, problems, required=True),
        "sex": _one_of("sex", row.get("sex", ""), Participant.Sex.values, problems),
        "age": _age(row.get("age", ""), problems),
        "site": _site(row.get("site", ""), sites, own_site, problems),
        "attributes": {},
    }
    for name, attribute in attributes.items():
        try:
            value = read_value(attribute, row.get(name, ""))
        except NotAValue as error:
            problems.append(str(error))
        else:
            if value is not None:
                values["attributes"][name] = value
    return Fate(line, row, problems, values)


def _one_of(name: str, text: str, options: list[str], problems: list[str], *, required: bool = False) -> str:
    text = text.lower()
    if (text or required) and text not in options:
        problems.append(f"{name}: expected one of {', '.join(options)}, got “{text[:40]}”.")
    return text


def _age(text: str, problems: list[str]) -> int | None:
    text = text.removesuffix("+")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text[:4]) <= ABSURD_AGE):
        problems.append(f"age: expected whole years, got “{text[:40]}”.")
        return None
    return int(text)


def _site(text: str, sites: Mapping[str, Site], own_site: Site | None, problems: list[str]) -> Site | None:
    site = sites.get(text.lower()) if text else own_site
    if text and site is None:
        problems.append(f"site: this study has no site “{text[:40]}”.")
    elif own_site is not None and site != own_site:
        problems.append(f"site: you can only add participants of {own_site}.")
    return site
