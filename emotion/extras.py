"""Files beside the six of every analysis, for other programs and on request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final

from emotion.conclude import CameraAnalysis, EncounterAnalysis
from emotion.formats.csv_table import CsvTable
from emotion.formats.elan_tiers import encounter_document
from emotion.formats.elan_write import write_eaf
from emotion.formats.openface import openface_from_faces, write_openface
from emotion.formats.pyfeat import pyfeat_from_faces, write_pyfeat
from emotion.tables import write_calibrated_csv

CALIBRATED: Final = "calibrated.csv"
ELAN_FILE: Final = "timeline.eaf"


def write_extras(analysis: EncounterAnalysis, folder: Path, also: Sequence[str]) -> list[str]:
    """Write the files of the formats in `also`, and calibrated.csv when calibrated; return their names."""
    names = [name for kind in dict.fromkeys(also) for name in WRITERS[kind](analysis, folder)]
    if any(camera.calibrated is not None for camera in analysis.cameras):
        write_calibrated_csv(analysis, folder / CALIBRATED)
        names.append(CALIBRATED)
    return names


def _write_elan(analysis: EncounterAnalysis, folder: Path) -> list[str]:
    write_eaf(encounter_document(analysis), folder / ELAN_FILE)
    return [ELAN_FILE]


def _write_openface(analysis: EncounterAnalysis, folder: Path) -> list[str]:
    tables = {f"{camera.camera}.openface.csv": _openface_table(camera) for camera in analysis.cameras}
    for name, table in tables.items():
        write_openface(table, folder / name)
    return list(tables)


def _write_pyfeat(analysis: EncounterAnalysis, folder: Path) -> list[str]:
    tables = {f"{camera.camera}.pyfeat.csv": _pyfeat_table(camera) for camera in analysis.cameras}
    for name, table in tables.items():
        write_pyfeat(table, folder / name)
    return list(tables)


def _openface_table(camera: CameraAnalysis) -> CsvTable:
    return openface_from_faces(list(camera.observations()), camera.people.samples.frame_times_us.tolist())


def _pyfeat_table(camera: CameraAnalysis) -> CsvTable:
    video = camera.video
    rate = video.frame_rate or Fraction(25)
    return pyfeat_from_faces(list(camera.observations()), frame_rate=rate, source=video.path.name)


WRITERS: Final[dict[str, Callable[[EncounterAnalysis, Path], list[str]]]] = {
    "elan": _write_elan,
    "openface": _write_openface,
    "pyfeat": _write_pyfeat,
}
