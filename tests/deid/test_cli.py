from __future__ import annotations

import json

import pytest

from deid.__main__ import main
from emotion.media import probe_video
from tests import videos


def run(capsys, *arguments):
    status = main([str(argument) for argument in arguments])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_run_writes_a_file_and_says_what_it_did(tmp_path, capsys, weights_dir):
    output = tmp_path / "out.mp4"
    status, out, err = run(
        capsys, "run", videos.write_normal(tmp_path), output, "--method", "box", "--device", "cpu", "--json"
    )
    result = json.loads(out)
    assert (status, err) == (0, "")
    assert (result["method"], result["frames"], result["tracks"]) == ("box", videos.FRAMES, [])
    assert probe_video(output).has_audio is False


def test_bench_prints_a_line_per_method(tmp_path, capsys, weights_dir):
    source = videos.write_normal(tmp_path)
    status, out, _ = run(capsys, "bench", source, "--method", "box", "--method", "blur", "--device", "cpu")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == ["box", "blur"]


def test_work_that_cannot_be_done_is_one_sentence_and_status_1(tmp_path, capsys, weights_dir):
    status, out, err = run(
        capsys, "run", videos.write_renamed_text(tmp_path), tmp_path / "o.mp4", "--method", "blur"
    )
    assert (status, out) == (1, "")
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "o.mp4").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "a.mp4", "b.mp4"],
        ["run", "a.mp4", "b.mp4", "--method", "paint"],
        ["run", "a.mp4", "b.mp4", "--method", "box", "--exempt", "first"],
        ["run", "a.mp4", "b.mp4", "--method", "box", "--audio", "louder"],
        ["run", "a.mp4", "b.mp4", "--method", "swap", "--neutral", "-1"],
        ["run", "a.mp4", "b.mp4", "--method", "swap", "--neutral", "soon"],
        ["chart", "audit.json", "--out", "chart.png"],
        ["chart", "swap=audit.json"],
        [],
    ],
)
def test_wrong_usage_is_status_2(arguments):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
