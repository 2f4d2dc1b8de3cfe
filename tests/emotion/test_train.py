"""The training of our network: its smallest honest version."""

from __future__ import annotations

import json

import numpy as np
import onnxruntime
import pytest
import torch

from emotion import weights
from emotion.train.augment import augment, enlarge
from emotion.train.data import SIDE, Faces, read_labelled, to_small_grey
from emotion.train.export import export_onnx
from emotion.train.finish import all_epochs
from emotion.train.fit import Plan, Stage, predict, to_tensor, train
from emotion.train.mobileface import MobileFaceNet, read_units
from emotion.train.resnet import ResNet, read_layers
from emotion.train.temperature import fit_temperature, held_out_error

TINY = 32  # side of the pictures that are learnt from here: processors without bfloat16 are slow at more


@pytest.fixture(autouse=True)
def the_same_head_every_time():
    torch.manual_seed(0)


def resnet() -> ResNet:
    return ResNet(weights.path_of("identity-dlib"))


def mobileface() -> MobileFaceNet:
    return MobileFaceNet(weights.path_of("identity"))


def settled_resnet() -> ResNet:
    net = resnet()
    net.prepare(to_tensor(list(half_lit(8).pictures)))
    return net


def half_lit(count: int = 64) -> Faces:
    """Pictures of two classes that anything can learn: lit above (anger) or lit below (disgust)."""
    random = np.random.default_rng(0)
    labels = np.arange(count) % 2
    pictures = random.integers(0, 90, (count, SIDE, SIDE)).astype(np.uint8)
    for picture, label in zip(pictures, labels, strict=True):
        half = slice(0, SIDE // 2) if label == 0 else slice(SIDE // 2, SIDE)
        picture[half] += 120
    return Faces(pictures, np.eye(7, dtype=np.float32)[labels], labels)


def test_the_trunk_of_mobileface_says_what_the_identity_network_says():
    net = mobileface().eval()
    grey = torch.rand(2, 1, 112, 112) * 2 - 1
    whole = grey.repeat(1, 3, 1, 1)
    units = list(read_units(weights.path_of("identity")))[:-2]
    with torch.inference_mode():
        for unit in units[:2]:
            whole = unit(whole)
        for start in range(2, len(units) - 1, 3):
            before = whole
            for unit in units[start : start + 3]:
                whole = unit(whole)
            whole = whole + before if whole.shape == before.shape else whole
        expected = units[-1](whole)
        got = net.last(net.blocks(net.stem(grey)))
    assert sum(one.numel() for one in net.parameters()) < 600_000
    torch.testing.assert_close(got, expected, atol=2e-5, rtol=1e-4)


def test_the_trunk_of_resnet_begins_with_the_layers_of_the_identity_network():
    net = resnet().eval()
    grey = torch.rand(2, 1, 48, 48) * 2 - 1
    layers = list(read_layers(weights.path_of("identity-dlib")))
    with torch.inference_mode():
        for unit, (kernel, shift) in zip(net.units()[1:], layers[1:-2], strict=True):
            maps = torch.randn(1, kernel.shape[1], 9, 9)
            stride = unit.convolution.stride[0]
            expected = torch.nn.functional.conv2d(maps, kernel, shift, stride, padding=1)
            torch.testing.assert_close(unit(maps), expected, atol=1e-4, rtol=1e-4)
        kernel, shift = layers[0]
        colours = (grey / 2).repeat(1, 3, 1, 1)
        expected = torch.nn.functional.conv2d(colours, kernel, shift, stride=2, padding=3)
        torch.testing.assert_close(net.stem(grey), expected, atol=1e-4, rtol=1e-4)


def test_preparing_normalises_every_layer_and_changes_no_logit():
    net = resnet().eval()
    pictures = to_tensor(list(half_lit(32).pictures))
    with torch.inference_mode():
        before = net(pictures)
        net.prepare(pictures)
        torch.testing.assert_close(net(pictures), before, atol=1e-4, rtol=1e-3)
        net.train()
        net.dropout.eval()
        torch.testing.assert_close(net(pictures), before, atol=0.02, rtol=0.02)


@pytest.mark.parametrize(
    ("begin", "most_bytes", "tolerance"), [(mobileface, 2.4e6, 1e-5), (settled_resnet, 9e6, 5e-3)]
)
def test_the_exported_file_gives_the_logits_of_the_network(begin, most_bytes, tolerance):
    net = begin().eval()
    pictures = to_tensor(list(half_lit(3).pictures))
    file = export_onnx(net, SIDE)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    with torch.inference_mode():
        expected = net(pictures).numpy()
    np.testing.assert_allclose(session.run(None, {"faces": pictures.numpy()})[0], expected, atol=tolerance)
    assert export_onnx(net, SIDE) == file
    assert len(file) <= most_bytes


def test_training_learns_and_a_stopped_one_goes_on_where_it_stopped(tmp_path):
    faces = half_lit()
    plan = Plan(stages=(Stage(TINY, 4),), batch=16, rate=2e-3, average=0.5, seed=1)
    lines: list[str] = []

    class Stopped(Exception):
        pass

    def stop_after_two(line: str) -> None:
        lines.append(line)
        if len(lines) == 3:
            raise Stopped

    def run(report) -> torch.nn.Module:
        return train(
            settled_resnet(),
            labelled=faces,
            videos=faces,
            validation=faces,
            plan=plan,
            out=tmp_path,
            report=report,
        )

    with pytest.raises(Stopped):
        run(stop_after_two)
    net = run(lines.append)
    assert [json.loads(line)["epoch"] for line in lines] == [0, 1, 2, 2, 3]
    labels = faces.targets.argmax(1)
    assert (predict(net, faces, TINY).argmax(1) == labels).mean() > 0.9
    assert (predict(net, faces, TINY, flipped=True).argmax(1) == labels).mean() > 0.9
    with pytest.raises(ValueError, match="another folder"):
        train(
            settled_resnet(),
            labelled=faces,
            videos=None,
            validation=faces,
            plan=Plan(seed=2),
            out=tmp_path,
            report=lines.append,
        )


def test_a_second_training_goes_on_from_the_averaged_weights_of_the_first(tmp_path):
    faces = half_lit(32)
    given = {"labelled": faces, "videos": None, "validation": faces, "report": lambda _line: None}
    first, second = (
        Plan(stages=(Stage(TINY, 2),), batch=16, rate=2e-3, average=0.5),
        Plan(stages=(Stage(TINY, 1),), batch=16, rate=1e-9),
    )
    learnt = train(mobileface(), plan=first, out=tmp_path / "first", **given)
    gone_on = train(mobileface(), plan=second, out=tmp_path / "second", start=tmp_path / "first", **given)
    np.testing.assert_allclose(predict(gone_on, faces, TINY), predict(learnt, faces, TINY), atol=1e-3)
    log = json.loads((tmp_path / "second" / "log.json").read_text())
    assert [epoch["epoch"] for epoch in all_epochs(log)] == [0, 1, 2]


def test_views_are_of_the_asked_size_differ_and_repeat_with_the_seed():
    face = half_lit(1).pictures[0]
    before = face.copy()
    views = [augment(face, 64, np.random.default_rng(seed)) for seed in (1, 1, *range(2, 40))]
    plain = augment(face, SIDE, np.random.default_rng(3), strength=0)
    assert {view.shape for view in views} == {(64, 64)} and {view.dtype for view in views} == {
        np.dtype("uint8")
    }
    assert (views[0] == views[1]).all()
    assert len({view.tobytes() for view in views}) == len(views) - 1
    assert (face == before).all()
    assert enlarge(face, 64).shape == (64, 64)
    assert any(np.abs(plain.astype(int) - way).max() <= 1 for way in (face, face[:, ::-1]))


def test_labelled_faces_become_small_grey_pictures_with_one_certain_target(tmp_path):
    images = np.stack([np.full((48, 48), level, np.uint8) for level in (10, 200)])
    archive = tmp_path / "faces.npz"
    np.savez(archive, images=images, labels=np.array([1, 0]), classes=np.array(["happy", "sad"]))
    faces = read_labelled(archive)
    assert faces.pictures.shape == (2, SIDE, SIDE) and faces.pictures[0].mean() == 10
    assert faces.targets.argmax(1).tolist() == [5, 3] and faces.targets.sum() == 2
    assert to_small_grey(np.zeros((200, 100, 3), np.uint8)).shape == (SIDE, SIDE)


def test_a_temperature_undoes_exaggeration_and_is_judged_on_what_it_did_not_see():
    random = np.random.default_rng(0)
    logits = random.normal(0, 1.5, (4000, 7)).astype(np.float32)
    chances = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels = np.array([random.choice(7, p=row / row.sum()) for row in chances.astype(np.float64)])
    assert fit_temperature(3 * logits, labels) == pytest.approx(3, rel=0.05)
    assert held_out_error(3 * logits, labels) < 0.03
