"""What a page sends and could only be dropped is refused."""

from __future__ import annotations

import uuid

import pytest

from webapp.core.errors import Invalid
from webapp.deidjobs.covers import Sketch, save_covers
from webapp.deidjobs.models import DrawnCover
from webapp.recordings.models import Recording

BADGE = [[0, [4, 4, 20, 20]], [1_000_000, [8, 4, 24, 20]]]


def save(derivative, actor, *sketches, known=()):
    return save_covers(derivative=derivative, actor=actor, known=known, sketches=sketches)


def test_a_cover_that_could_only_be_dropped_is_refused(derivative, alice):
    Recording.objects.update(width=128, height=96, duration_us=2_000_000)
    (cover,) = save(derivative, alice, Sketch(None, BADGE, "name badge"))
    twice = Sketch(None, BADGE, "screen", uuid.uuid4())
    for wrong in (
        [Sketch(cover.pk, BADGE, "screen")],
        [Sketch(cover.pk, BADGE[:1], "name badge")],
        [twice] * 2,
    ):
        with pytest.raises(Invalid):
            save(derivative, alice, *wrong, known=[cover.pk])
    assert [one.pk for one in DrawnCover.objects.filter(removed_at=None)] == [cover.pk]
