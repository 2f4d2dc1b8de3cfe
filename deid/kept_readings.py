"""What an audit read of a stretch, in a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deid.readings import Readings, Version
from emotion.samples import write_columns
from emotion.types import MediaPath

BY_TIME = ("channels", "meshes")
BY_NAME = ("probs", "found", "placed", "restored", "covered")
Column = NDArray[Any]


def write_readings(readings: Readings, destination: MediaPath) -> None:
    """Write readings to a compressed file, complete or not at all."""
    columns: dict[str, Column] = {
        "bare": np.array(readings.bare, np.int64),
        "looks": np.array(readings.looks, np.int64),
        "moments": np.array(readings.moments, np.int64).reshape(-1, 2),
    }
    for number, version in enumerate(readings.versions):
        columns |= {f"{number}/{name}": column for name, column in _columns(version).items()}
    write_columns(columns, destination)


def read_readings(path: MediaPath) -> Readings:
    """Return what write_readings wrote, bit for bit."""
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        columns = {name: stored[name] for name in stored.files}
    first, second, third = (_version(_below(columns, f"{number}/")) for number in range(3))
    bare, moments = columns["bare"].tolist(), [(track, at) for track, at in columns["moments"].tolist()]
    return Readings((first, second, third), bare, int(columns["looks"]), moments)


def _columns(version: Version) -> dict[str, Column]:
    columns: dict[str, Column] = {"detected": np.array(version.detected, np.bool_)}
    for kind in BY_TIME:
        values = getattr(version, kind)
        columns[f"{kind}/keys"] = np.array(list(values), np.int64)
        columns[f"{kind}/values"] = np.array(list(values.values()), np.float32)
    for kind in BY_NAME:
        for name, pairs in getattr(version, kind).items():
            columns[f"{kind}/{name}/keys"] = np.array([key for key, _ in pairs], np.int64)
            columns[f"{kind}/{name}/values"] = np.array([value for _, value in pairs], np.float32)
    return columns


def _version(columns: Mapping[str, Column]) -> Version:
    version = Version(detected=columns["detected"].tolist())
    for kind in BY_TIME:
        keys, values = columns[f"{kind}/keys"].tolist(), columns[f"{kind}/values"]
        setattr(version, kind, dict(zip(keys, values, strict=True)))
    for kind in BY_NAME:
        inside = _below(columns, f"{kind}/")
        names = sorted({name.split("/")[0] for name in inside})
        setattr(
            version,
            kind,
            {
                name: list(zip(inside[f"{name}/keys"].tolist(), inside[f"{name}/values"], strict=True))
                for name in names
            },
        )
    return version


def _below(columns: Mapping[str, Column], prefix: str) -> dict[str, Column]:
    return {name.removeprefix(prefix): one for name, one in columns.items() if name.startswith(prefix)}
