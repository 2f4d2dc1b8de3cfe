"""Folders of results, one per encounter -> comparisons of groups, with the encounter as the unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from emotion.errors import UnreadableTable
from emotion.findings import share_emotions
from emotion.groups import Comparison, PairedShares, Shares, average_clusters, compare_arms, compare_roles
from emotion.labels import CAMERAS
from emotion.published import reproduce_published_table
from emotion.stored import read_timeline

FEW_PAIRS: Final = 6  # with fewer no two-sided sign-flip test can reach 0.05
FEW_IN_AN_ARM: Final = 4  # 3 against 3 can be told apart in 20 ways, and 2 of 20 is 0.1

TOO_FEW: Final = "So few units cannot be told from chance; read these differences as descriptions."


def read_shares(folder: Path) -> dict[str, Shares]:
    """Return share_by_emotion of each role in one encounter's results. Raises UnreadableTable."""
    rows = [row for camera in read_timeline(folder).values() for row in camera]
    roles = dict.fromkeys(row.role for row in rows)
    found = {role: share_emotions([row for row in rows if row.role == role]) for role in roles}
    return {role: {one.emotion: one.share for one in shares} for role, shares in found.items()}


def compare_analysed_roles(clusters: Mapping[Path, str | None], *, seed: int = 0) -> dict[str, Any]:
    """Return doctors against patients over folders, each with the code of its doctor or None.

    Encounters with a doctor's code are averaged to one unit per doctor. Raises UnreadableTable for a folder
    without both roles.
    """
    pairs = []
    for folder, doctor in clusters.items():
        shares = read_shares(folder)
        missing = [role for role in CAMERAS if role not in shares]
        if missing:
            raise UnreadableTable(
                f"{folder}: expected doctor and patient, got no {missing[0]}; analyse with --camera twice."
            )
        pairs.append(PairedShares(str(folder), shares["doctor"], shares["patient"], doctor))
    units = average_clusters(pairs)
    unit = "doctor" if any(doctor is not None for doctor in clusters.values()) else "encounter"
    found = compare_roles(units, seed=seed)
    return _describe(found, CAMERAS, unit, too_few=len(units) < FEW_PAIRS)


def compare_analysed_arms(arms: Mapping[str, Sequence[Path]], *, role: str, seed: int = 0) -> dict[str, Any]:
    """Return one role in two arms of a study, each a list of folders. Raises UnreadableTable."""
    groups = {name: [_of_role(folder, role) for folder in folders] for name, folders in arms.items()}
    first, second = groups.values()
    found = compare_arms(first, second, seed=seed)
    too_few = min(len(first), len(second)) < FEW_IN_AN_ARM
    return {"role": role, **_describe(found, tuple(groups), "encounter", too_few=too_few)}


def describe_published() -> dict[str, Any]:
    """Return the table of Yang et al. (2022) with its test and the warning that belongs to it."""
    return asdict(reproduce_published_table())


def _of_role(folder: Path, role: str) -> Shares:
    shares = read_shares(folder)
    if role not in shares:
        raise UnreadableTable(f"{folder}: expected seconds of the {role}, got those of {', '.join(shares)}.")
    return shares[role]


def _describe(
    found: Sequence[Comparison], groups: Sequence[str], unit: str, *, too_few: bool
) -> dict[str, Any]:
    return {
        "groups": list(groups),
        "unit": unit,
        "warning": TOO_FEW if too_few else None,
        "comparisons": [asdict(one) for one in found],
    }
