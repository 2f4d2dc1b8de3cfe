"""A changed module gets a new address everywhere it is imported, so that no browser keeps yesterday's."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings

IMPORT = re.compile(r"""(?:from|import)\s*\(?\s*["'](\.{1,2}/[^"']+)["']""")
HASHED = re.compile(r"\.[0-9a-f]{12}\.js$")


@pytest.fixture(scope="module")
def collected() -> dict[str, Path]:
    """Our own scripts as collected: {name: hashed file}."""
    manifest = json.loads((settings.STATIC_ROOT / "staticfiles.json").read_text())["paths"]
    return {
        name: settings.STATIC_ROOT / hashed for name, hashed in manifest.items() if name.startswith("js/")
    }


def test_every_import_inside_a_module_is_hashed_and_exists(collected):
    found = 0
    for path in collected.values():
        for target in IMPORT.findall(path.read_text()):
            found += 1
            assert HASHED.search(target), f"{path.name} imports {target}"
            assert (path.parent / target).resolve().is_file()
    assert found > 20


def test_hashed_files_may_be_kept_for_ever(client, db, collected):
    url = f"/static/{collected['js/main.js'].relative_to(settings.STATIC_ROOT)}"
    assert "immutable" in client.get(url).headers["Cache-Control"]
