from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import deface


def test_without_the_tool_the_figures_say_so_instead_of_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(deface, "HOME", tmp_path / "nowhere")
    monkeypatch.setattr(deface, "_install", lambda: False)
    assert list(deface.measure_deface(Path("any.mp4"))) == ["not measured"]


@pytest.mark.parametrize(("version", "asked"), [(deface.VERSION, False), ("1.0.0", True)])
def test_another_version_is_replaced_by_the_one_that_is_compared_with(monkeypatch, tmp_path, version, asked):
    installs = []
    (tmp_path / "lib" / "python" / "site-packages" / f"deface-{version}.dist-info").mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "deface").touch()
    monkeypatch.setattr(deface, "HOME", tmp_path)
    monkeypatch.setattr(deface, "_install", lambda: bool(installs.append(True)))
    monkeypatch.setattr(deface, "picture_times", lambda video: ())
    deface.measure_deface(Path("any.mp4"))
    assert bool(installs) == asked
