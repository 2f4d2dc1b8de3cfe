"""The arrows point downwards: see the table of rooms in README."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
WEB_APPS = [
    *("core", "jobs", "accounts", "studies", "consent", "recordings", "analysis"),
    *("annotation", "deidjobs", "live", "feedback", "sharing"),
]
#: The site's own wiring may know every app.
WIRING = {"settings", "urls", "asgi", "sockets", "celery", "run", "engines"}


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def python_files(folder: str) -> list[Path]:
    return sorted(path for path in (ROOT / folder).rglob("*.py"))


def offenders(files: list[Path], forbidden: tuple[str, ...]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files
        for name in imports_of(path)
        if name.split(".")[0] in forbidden
    ]


def test_emotion_knows_neither_django_nor_deid_nor_the_site():
    forbidden = ("django", "rest_framework", "channels", "deid", "webapp")
    assert offenders(python_files("emotion"), forbidden) == []


def test_deid_may_import_emotion_but_not_the_site():
    assert offenders(python_files("deid"), ("django", "rest_framework", "channels", "webapp")) == []


def test_engines_is_the_only_web_package_that_imports_emotion_or_deid():
    files = [path for path in python_files("webapp") if path.parent.name != "engines"]
    assert offenders(files, ("emotion", "deid")) == []


def test_engines_imports_the_heavy_libraries_inside_functions():
    bodies = [ast.parse(path.read_text()).body for path in python_files("webapp/engines")]
    top = [node for body in bodies for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert top
    names = {name for node in top for name in imports_of_node(node)}
    assert not names & {"emotion", "deid", "torch", "cv2", "av", "onnxruntime", "numpy"}


def imports_of_node(node: ast.Import | ast.ImportFrom) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name.split(".")[0] for alias in node.names}
    return {(node.module or "").split(".")[0]}


@pytest.mark.parametrize("app", WEB_APPS)
def test_a_web_app_imports_only_apps_to_its_left(app):
    right = {f"webapp.{name}" for name in WEB_APPS[WEB_APPS.index(app) + 1 :]}
    found = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in python_files(f"webapp/{app}")
        for name in imports_of(path)
        if ".".join(name.split(".")[:2]) in right
    ]
    assert found == []


def test_every_folder_of_the_site_is_a_known_app():
    folders = {path.name for path in (ROOT / "webapp").iterdir() if (path / "__init__.py").exists()}
    modules = {path.stem for path in (ROOT / "webapp").glob("*.py")} - {"__init__"}
    assert folders - {"engines"} <= set(WEB_APPS)
    assert modules <= WIRING


@pytest.mark.parametrize("package", ["emotion", "deid"])
def test_the_libraries_read_no_environment(package):
    found = [
        str(path.relative_to(ROOT)) for path in python_files(package) if "os.environ" in path.read_text()
    ]
    assert found == []


def test_only_media_opens_video_or_audio():
    allowed = ROOT / "emotion" / "media"
    files = [p for p in python_files("emotion") + python_files("deid") if not p.is_relative_to(allowed)]
    assert offenders(files, ("av",)) == []
