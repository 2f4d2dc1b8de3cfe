from __future__ import annotations

import json

import pytest

from deid.__main__ import main
from deid.chart import label_points, make_point
from deid.errors import NotComparable


def audited(rank1=0.06, agreement=0.8, verdict="review"):
    return {
        "privacy": {"rank1": rank1, "rank1_chance": 0.06},
        "expression": {"agreement": agreement, "control": {"agreement": 0.94}},
        "verdict": verdict,
    }


def write(folder, name, audit):
    path = folder / f"{name}.json"
    path.write_text(json.dumps(audit))
    return f"{name}={path}"


def test_results_become_points_of_one_picture(tmp_path, capsys):
    chart = tmp_path / "chart.png"
    arguments = [
        write(tmp_path, "swap", audited()),
        write(tmp_path, "box", audited(0.0, None, "review")),
        write(tmp_path, "blur", audited(0.2, 0.3, "fail")),
    ]
    assert main(["chart", *arguments, "--out", str(chart), "--json"]) == 0
    points = json.loads(capsys.readouterr().out)["points"]
    assert [(point["name"], point["risk"], point["kept"]) for point in points] == [
        ("swap", 0.06, 0.8), ("box", 0.0, None), ("blur", 0.2, 0.3),
    ]  # fmt: skip
    assert chart.read_bytes().startswith(b"\x89PNG")


def test_an_audit_without_a_gallery_has_no_risk_to_draw():
    with pytest.raises(NotComparable, match="--gallery"):
        make_point("swap", audited(rank1=None))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"privacy": {}}'])
def test_a_file_that_is_no_audit_is_refused(tmp_path, capsys, text):
    (tmp_path / "a.json").write_text(text)
    chart = tmp_path / "chart.png"
    assert main(["chart", f"swap={tmp_path / 'a.json'}", "--out", str(chart)]) == 1
    assert "audit" in capsys.readouterr().err
    assert not chart.exists()


def test_a_chart_of_a_kind_that_cannot_be_drawn_is_refused(tmp_path, capsys):
    result = write(tmp_path, "swap", audited())
    assert main(["chart", result, "--out", str(tmp_path / "chart.docx")]) == 1
    assert ".png" in capsys.readouterr().err


def test_results_in_one_place_share_a_label():
    points = [make_point(name, audited(0.0, None)) for name in ("box", "blur")]
    assert label_points(points) == {(0.0, 0.0): "box (no face found): review\nblur (no face found): review"}
