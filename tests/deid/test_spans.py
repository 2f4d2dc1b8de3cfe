"""What is said in a marked span is not heard, the rest is as it was, and what is no span is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from deid.__main__ import main
from deid.errors import InvalidSpans
from deid.mark import read_heard
from deid.pipeline import deidentify
from deid.spans import BLEEP_HZ, BLEEP_LEVEL, RAMP_S, SoundSpan, propose_spans, read_spans, silence_spans
from deid.task import Task
from emotion.errors import NoAudioStream
from emotion.media import read_audio
from emotion.voice import WINDOW_US, Heard
from tests import videos
from tests.deid.stand_ins import hiding

RATE_HZ = 8000


def after(sound: np.ndarray, *spans: SoundSpan, pieces: int = 5) -> np.ndarray:
    parts = np.array_split(sound.astype(np.float32), pieces)
    return np.concatenate(list(silence_spans(iter(parts), spans, rate_hz=RATE_HZ)))


def within(sound: np.ndarray, start_s: float, end_s: float) -> np.ndarray:
    return sound[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)]


def test_nothing_of_a_span_is_heard_and_nothing_else_changes():
    sound = np.random.default_rng(0).normal(0, 0.1, 2 * RATE_HZ).astype(np.float32)
    muted = after(sound, SoundSpan(0.5, 0.9), SoundSpan(0.8, 1.2))
    assert not within(muted, 0.5, 1.2).any()
    for start_s, end_s in ((0, 0.5 - RAMP_S), (1.2 + RAMP_S, 2)):
        assert np.array_equal(within(muted, start_s, end_s), within(sound, start_s, end_s))


def test_a_bleep_is_a_tone_and_nothing_of_the_voice():
    sound = np.random.default_rng(1).normal(0, 0.3, RATE_HZ)
    bleep = within(after(sound, SoundSpan(0.2, 0.8, "bleep")), 0.25, 0.75)
    spectrum = np.abs(np.fft.rfft(bleep)) / (len(bleep) / 2)
    assert spectrum[BLEEP_HZ // 2] == pytest.approx(BLEEP_LEVEL, rel=0.02)
    assert np.delete(spectrum, BLEEP_HZ // 2).max() < 1e-3


def test_where_the_blocks_are_cut_makes_no_difference():
    sound = np.random.default_rng(2).normal(0, 0.1, RATE_HZ)
    spans = SoundSpan(0.1, 0.3), SoundSpan(0.5, 0.6, "bleep")
    assert np.array_equal(after(sound, *spans, pieces=1), after(sound, *spans, pieces=23))


def test_a_span_is_silent_in_the_file_and_the_rest_is_kept(tmp_path):
    source, output = videos.write_normal(tmp_path), tmp_path / "hidden.mp4"
    deidentify(source, output, Task("box", audio="mask", spans=(SoundSpan(0.5, 1.0),)), hiding=hiding())
    kept, before = (read_audio(path, rate_hz=RATE_HZ) for path in (output, source))
    assert np.abs(within(kept, 0.52, 0.98)).max() < 1e-3 < np.abs(within(before, 0.52, 0.98)).max()
    assert np.corrcoef(within(kept, 1.1, 1.9), within(before, 1.1, 1.9))[0, 1] > 0.9
    assert read_heard(output) == {"sound": "masked-in-spans", "voices": "outside-of-spans"}


def test_spoken_stretches_are_proposed_for_real_voices(shared_data):
    spans = propose_spans(shared_data / "clips" / "consultation_a_camera_patient.mp4")
    assert len(spans) > 3
    assert all(0 <= one.start_s < one.end_s <= 25 for one in spans)


def test_in_pieces_the_same_is_proposed_as_in_the_whole(shared_data):
    path = shared_data / "clips" / "consultation_a_camera_patient.mp4"
    pieces = [propose_spans(path, start_us=at * 10_000_000, end_us=(at + 1) * 10_000_000) for at in range(3)]
    assert all(
        10 * at < one.end_s <= 10 * (at + 1) and one.start_s < one.end_s
        for at in range(3)
        for one in pieces[at]
    )
    grid_s = np.arange(0, 25, 0.05)
    whole, cut = (
        np.any([(one.start_s <= grid_s) & (grid_s < one.end_s) for one in spans], axis=0)
        for spans in (propose_spans(path), [one for piece in pieces for one in piece])
    )
    assert np.mean(whole == cut) > 0.97


def test_a_word_across_the_edge_of_a_piece_is_found_whole(monkeypatch):
    class Detector:
        def __init__(self, weights_dir):
            pass

        def listen(self, path, *, start_us, end_us):
            times_us = np.arange(start_us, end_us, WINDOW_US)
            spoken = (times_us >= 119_800_000) & (times_us < 121_500_000)
            return Heard(spoken.astype(np.float32), np.zeros(len(times_us), np.float32))

    monkeypatch.setattr("deid.spans.VoiceDetector", Detector)
    edge_us = 120_000_000
    assert propose_spans(Path("any"), end_us=edge_us) == ()  # for a click
    (word,) = propose_spans(Path("any"), start_us=edge_us, end_us=2 * edge_us)
    assert (word.start_s, word.end_s) == pytest.approx((119.8, 121.5), abs=WINDOW_US / 1e6)
    assert propose_spans(Path("any"), start_us=122_000_000, end_us=2 * edge_us) == ()


def test_without_sound_nothing_can_be_proposed_or_marked(tmp_path):
    silent = videos.write_silent(tmp_path)
    with pytest.raises(NoAudioStream):
        propose_spans(silent)
    task = Task("box", audio="mask", spans=(SoundSpan(0, 1),))
    with pytest.raises(InvalidSpans, match="with sound"):
        deidentify(silent, tmp_path / "o.mp4", task, hiding=hiding())
    assert not (tmp_path / "o.mp4").exists()


@pytest.mark.parametrize("audio", ["keep", "remove"])
def test_spans_of_sound_that_is_not_masked_are_refused(tmp_path, audio):
    task = Task("box", audio=audio, spans=(SoundSpan(0, 1),))
    with pytest.raises(InvalidSpans, match="masked"):
        deidentify(videos.write_normal(tmp_path), tmp_path / "o.mp4", task, hiding=hiding())
    assert not (tmp_path / "o.mp4").exists()


def test_a_span_after_the_end_is_refused(tmp_path):
    task = Task("box", audio="mask", spans=(SoundSpan(90, 91),))
    with pytest.raises(InvalidSpans, match="span 1"):
        deidentify(videos.write_normal(tmp_path), tmp_path / "o.mp4", task, hiding=hiding())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"spans": []}',
        '{"spans": {}}',
        '{"spans": [7]}',
        '{"spans": [{"start_s": 1}]}',
        '{"spans": [{"start_s": 1, "end_s": 2, "name": "Ann"}]}',
        '{"spans": [{"start_s": 2, "end_s": 1}]}',
        '{"spans": [{"start_s": -1, "end_s": 1}]}',
        '{"spans": [{"start_s": true, "end_s": 2}]}',
        '{"spans": [{"start_s": 0, "end_s": NaN}]}',
        '{"spans": [{"start_s": 0, "end_s": Infinity}]}',
        '{"spans": [{"start_s": 0, "end_s": 1' + "0" * 400 + "}]}",
        '{"spans": [{"start_s": "0", "end_s": "1"}]}',
        '{"spans": [{"start_s": 0, "end_s": 1, "style": "hum"}]}',
    ],
)
def test_what_is_no_span_is_refused(tmp_path, text):
    path = tmp_path / "spans.json"
    path.write_text(text)
    with pytest.raises(InvalidSpans):
        read_spans(path)


def test_the_command_reads_spans_and_refuses_them_beside_other_sound(tmp_path, capsys, weights_dir):
    source, path = videos.write_normal(tmp_path), tmp_path / "spans.json"
    path.write_text(json.dumps({"spans": [{"start_s": 0.5, "end_s": 1, "style": "bleep"}]}))
    usual = ["run", str(source), str(tmp_path / "o.mp4"), "--method", "box", "--device", "cpu", "--json"]
    with pytest.raises(SystemExit) as ended:
        main([*usual, "--audio", "keep", "--spans", str(path)])
    assert ended.value.code == 2
    assert not (tmp_path / "o.mp4").exists()
    capsys.readouterr()
    assert main([*usual, "--audio", "mask", "--spans", str(path)]) == 0
    assert json.loads(capsys.readouterr().out)["sound_spans"] == [
        {"start_s": 0.5, "end_s": 1.0, "style": "bleep"}
    ]
