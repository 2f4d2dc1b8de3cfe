"""A storage that stops answering is told apart from a file that is damaged or cut short."""

from __future__ import annotations

import errno
from types import SimpleNamespace

import av
import pytest

from emotion.errors import StorageFails
from emotion.media.source import raise_if_storage_fails, read_packets
from tests import videos

GONE = (errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT, errno.EHOSTDOWN)


def failing(path, number: int) -> SimpleNamespace:
    """Return what stands for a container of which one packet can be read before an error."""

    def demux(stream):
        yield SimpleNamespace(size=1)
        av.error.err_check(-number)

    return SimpleNamespace(name=f"file:{path}", demux=demux)


@pytest.fixture
def clip(tmp_path):
    return videos.write_recording(tmp_path / "clip.mp4", times=range(10), size=(64, 48))


@pytest.mark.parametrize("number", GONE, ids=errno.errorcode.get)
def test_a_recording_is_not_taken_to_end_where_its_storage_stopped_answering(clip, number):
    packets = read_packets(failing(clip, number), None)
    assert next(packets).size == 1
    with pytest.raises(StorageFails, match=r'The storage stopped answering while "clip\.mp4"'):
        next(packets)


def test_an_input_error_is_the_storages_when_the_file_cannot_be_read_again(tmp_path):
    with pytest.raises(StorageFails):
        list(read_packets(failing(tmp_path / "gone.mp4", errno.EIO), None))


def test_an_input_error_of_a_file_that_can_be_read_is_damage_and_ends_the_recording(clip):
    assert len(list(read_packets(failing(clip, errno.EIO), None))) == 1


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOENT])
def test_any_other_error_says_nothing_about_the_storage(clip, number):
    raise_if_storage_fails(OSError(number, "wrong"), str(clip))
    raise_if_storage_fails(ValueError("wrong"), str(clip))
