"""What is taken over from an earlier work: only what is whole, and only under a name that says all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deid.reuse import take_over
from deid.steps import Step
from deid.task import Task
from deid.watched import Watched, write_watched
from deid.work import Work
from tests import videos
from tests.deid.stand_ins import hiding
from tests.deid.test_work import do_all


class Planned:
    """A work that asks for one step until it is there."""

    def __init__(self, name, folder) -> None:
        self._name, self._folder = name, folder

    def steps(self):
        return [Step(self._name[:4], self._name, 0, 1.0, 1.0, (self._folder / self._name).is_file())]


@pytest.fixture
def folders(tmp_path):
    made = [tmp_path / name for name in ("first", "second")]
    for folder in made:
        folder.mkdir()
    return made


def names_of(source, *, method="blur", device="cpu") -> list[str]:
    """Return the names of all steps of a work, done beside the recording."""
    folder = source.parent / "kept"
    folder.mkdir(exist_ok=True)
    one = Work(source, Task(method), hiding=replace(hiding(), device=device), keep=folder.joinpath)
    do_all(one)
    return [step.name for step in one.steps()]


@pytest.mark.parametrize("name", ["look-00000-a.npz", "watch-00000-a.npz", "cast-00000-a.json"])
@pytest.mark.parametrize("text", ["", "damaged", "[]", "{}"])
def test_a_damaged_part_is_left_where_it_is(folders, name, text):
    (folders[0] / name).write_text(text)
    one = Planned(name, folders[1])
    assert take_over(one, earlier=folders[0].joinpath, keep=folders[1].joinpath) == []
    assert not list(folders[1].iterdir())


def test_a_whole_part_is_taken(folders):
    write_watched(Watched.none(3), folders[0] / "watch-00000-a.npz")
    (folders[0] / "cast-00000-a.json").write_text('{"donors": {"1": null}}')
    for name in ("watch-00000-a.npz", "cast-00000-a.json"):
        one = Planned(name, folders[1])
        assert take_over(one, earlier=folders[0].joinpath, keep=folders[1].joinpath) == [name]


def test_a_name_says_which_recording_device_data_and_code_it_rests_on(tmp_path, monkeypatch):
    (tmp_path / "other").mkdir()
    source = videos.write_normal(tmp_path)
    other = tmp_path / "other" / source.name
    other.write_bytes(source.read_bytes())
    names = names_of(source)
    assert names_of(other) == names
    assert not set(names_of(source, device="cuda")) & set(names)
    with other.open("ab") as file:
        file.write(b"\0\0\0\x08free")
    assert not set(names_of(other)) & set(names)
    with monkeypatch.context() as patch:
        patch.setattr("deid.work.drawn_by", lambda: b"other donors")
        assert [name in names for name in names_of(source)] == [True, False]
    monkeypatch.setattr("deid.basis.DRAWING", 0)
    assert not set(names_of(source)) & set(names)
