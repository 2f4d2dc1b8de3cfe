"""The network that finds things before faces is the one that was taught, and learns what it should."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch

from deid.build_held import draw_before
from deid.held import CELLS, TEXTURE
from deid.held_fit import BATCH, Samples, _Batches
from deid.held_net import LAYERS, HeldNet, export_onnx
from deid.landmarks import FaceMesh
from deid.occluders import KINDS, hold
from deid.response import load_response

POINTS = (load_response().rest[:, :2] * [80, -80] + [160, 160]).astype(np.float32)


@pytest.fixture
def grey():
    return np.full((320, 320, 3), 120, np.uint8)


def some_samples():
    rng = np.random.default_rng(0)
    hidden = np.zeros((6, TEXTURE, TEXTURE), np.uint8)
    hidden[3:, 30:50, 20:40] = 255
    return Samples(
        rng.integers(60, 200, (6, TEXTURE, TEXTURE, 3), np.uint8),
        np.full((6, TEXTURE, TEXTURE), 170, np.uint8),
        hidden,
        np.array([0, 0, 1, 0, 1, 1]),
        np.array([0, 0, 1, 0, 1, 1]),
        rng.integers(60, 200, (2, TEXTURE, TEXTURE, 3), np.uint8),
    )


def test_the_file_says_what_the_network_says():
    torch.manual_seed(1)
    net = HeldNet()
    faces = torch.randn(3, LAYERS, TEXTURE, TEXTURE)
    net(faces)  # so that what normalises has seen something
    net.eval()
    session = onnxruntime.InferenceSession(export_onnx(net), providers=["CPUExecutionProvider"])
    (logits,) = session.run(None, {"faces": faces.numpy()})
    assert logits.shape == (3, 1, CELLS, CELLS)
    assert logits == pytest.approx(net(faces).detach().numpy(), abs=1e-4)


def test_the_same_network_gives_the_same_file():
    net = HeldNet().eval()
    assert export_onnx(net) == export_onnx(net)


def test_a_batch_has_a_face_a_look_and_how_well_it_is_seen_with_what_is_hidden_in_the_middle():
    faces, hidden, counts = _Batches(some_samples()).draw(np.random.default_rng(0))
    assert faces.shape == (BATCH, LAYERS, TEXTURE, TEXTURE)
    assert hidden.shape == counts.shape == (BATCH, CELLS, CELLS)
    assert bool(torch.isfinite(faces).all())
    without_look = faces[:, 3:6].abs().amax(dim=(1, 2, 3)) == 0
    assert 0.05 < float(without_look.float().mean()) < 0.4
    assert 0 < float(hidden.mean()) < 0.2
    assert float(counts[:, 0, 0].max()) == 0  # the corner is no face


@pytest.mark.parametrize("kind", sorted(set(KINDS)))
def test_every_kind_of_thing_hides_something_and_leaves_the_picture_as_it_is(grey, kind):
    thing = hold(grey, POINTS, np.random.default_rng(2), kind=kind)
    assert thing.mask.shape == grey.shape[:2]
    assert 0.005 < float(thing.mask.mean()) < 0.9
    assert (thing.over(grey) != grey).any()
    assert (grey == 120).all()


def test_the_same_seed_draws_the_same_thing(grey):
    pair = [hold(grey, POINTS, np.random.default_rng(5)) for _ in range(2)]
    assert (pair[0].bgr == pair[1].bgr).all()
    assert (pair[0].mask == pair[1].mask).all()


def test_nothing_is_drawn_where_nobody_is_seen(weights_dir):
    assert list(draw_before([], FaceMesh(weights_dir), [], np.random.default_rng(0))) == []
