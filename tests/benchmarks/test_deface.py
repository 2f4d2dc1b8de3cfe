from __future__ import annotations

from pathlib import Path

from benchmarks import deface


def test_without_the_tool_the_figures_say_so_instead_of_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(deface, "HOME", tmp_path / "nowhere")
    monkeypatch.setattr(deface, "_install", lambda: False)
    assert list(deface.measure_deface(Path("any.mp4"))) == ["not measured"]
