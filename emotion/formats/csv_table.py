"""A CSV file as columns of text, exactly as they stand in it; numbers are made when asked for."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emotion.errors import UnreadableTable

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class CsvTable:
    """Rows of text under column names; source is the file's name for complaints."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    source: str = "table"

    def __post_init__(self) -> None:
        if len(set(self.columns)) != len(self.columns):
            repeated = next(name for name in self.columns if self.columns.count(name) > 1)
            raise UnreadableTable(f"{self.source}: expected each column once, got {repeated!r} again.")
        for number, row in enumerate(self.rows, 1):
            if len(row) != len(self.columns):
                raise UnreadableTable(
                    f"{self.source}, row {number}: expected {len(self.columns)} values, got {len(row)}."
                )

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a column as it stands. Raises UnreadableTable when there is none of that name."""
        if name not in self.columns:
            raise UnreadableTable(f"{self.source}: expected a column {name!r}, which is missing.")
        at = self.columns.index(name)
        return tuple(row[at] for row in self.rows)

    def numbers(self, name: str) -> Numbers:
        """Return a column as (N,) numbers, NaN where empty. Raises UnreadableTable for anything else."""
        values = np.empty(len(self.rows))
        for at, text in enumerate(self.texts(name)):
            try:
                values[at] = float(text) if text else math.nan
            except ValueError as error:
                where = f"{self.source}, row {at + 1}, {name}"
                raise UnreadableTable(f"{where}: expected a number, got {text!r}.") from error
        return values

    def whole_numbers(self, name: str) -> NDArray[np.int64]:
        """Return a column as (N,) whole numbers. Raises UnreadableTable for empty and broken ones."""
        values = self.numbers(name)
        broken = np.flatnonzero(~np.isfinite(values) | (values != np.rint(values)) | (np.abs(values) > 2**53))
        if len(broken):
            where = f"{self.source}, row {int(broken[0]) + 1}, {name}"
            raise UnreadableTable(f"{where}: expected a whole number, got {self.texts(name)[broken[0]]!r}.")
        return values.astype(np.int64)


def read_table(
    path: Path, *, required: Sequence[str] = (), keep: Callable[[str], bool] | None = None
) -> CsvTable:
    """Return the table in a CSV file with spaces around values removed, of the columns that keep accepts.

    Blank lines are skipped. Raises UnreadableTable for what is no table of text, a missing column of
    `required`, and a row that is too short or too long.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as source:
            lines = _lines(csv.reader(source, strict=True), path.name)
            header = next(lines, ())
            missing = [name for name in required if name not in header]
            if missing or not header:
                wanted = ", ".join(missing) or "names of columns"
                raise UnreadableTable(f"{path.name}: expected a first line with {wanted}, which is missing.")
            kept = [at for at, name in enumerate(header) if keep is None or keep(name)]
            rows = tuple(tuple(line[at] for at in kept) for line in lines)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableTable(f"{path.name}: expected a readable CSV file ({error}).") from error
    return CsvTable(tuple(header[at] for at in kept), rows, path.name)


def write_table(table: CsvTable, destination: Path) -> None:
    """Write a table as CSV in UTF-8 with line feeds; the same table gives the same bytes."""
    with destination.open("w", newline="", encoding="utf-8") as sink:
        writer = csv.writer(sink, lineterminator="\n")
        writer.writerow(table.columns)
        writer.writerows(table.rows)


def number_text(value: float) -> str:
    """Return the shortest text that gives the same number again, empty for NaN.

    >>> number_text(0.1), number_text(3.0), number_text(float("nan"))
    ('0.1', '3.0', '')
    """
    return "" if math.isnan(value) else repr(float(value))


def _lines(reader: Iterator[list[str]], source: str) -> Iterator[tuple[str, ...]]:
    """Yield lines that are not blank. Raises UnreadableTable for a line of another length than the first."""
    width = 0
    for number, line in enumerate(reader, 1):
        if not any(cell.strip() for cell in line):
            continue
        width = width or len(line)
        if len(line) != width:
            raise UnreadableTable(f"{source}, line {number}: expected {width} values, got {len(line)}.")
        yield tuple(cell.strip() for cell in line)
