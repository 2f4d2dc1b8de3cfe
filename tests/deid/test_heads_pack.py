from __future__ import annotations

import numpy as np
import pytest

from deid.heads.pack import PACK_PATH, default_pack, read_pack

PARTS = ("skin", "eye", "teeth", "tongue", "lash", "garment")


def test_pack_has_the_documented_shapes():
    pack = default_pack()
    assert pack.part_names == PARTS
    assert pack.vertices.shape == (6913, 3)
    assert pack.triangles.shape == (13392, 3)
    assert pack.part.shape == (13392,)
    assert len(pack.corner_vertex) == len(pack.corner_uv) == pack.triangles.max() + 1
    assert pack.head_weight.shape == (6913,)
    assert pack.arm_weight.shape == (6913, 2)
    assert set(pack.masks) == {"lips", "eyelids", "ears", "inside-mouth", "face"}
    assert set(pack.joints) == {"neck", "head", "l-shoulder", "r-shoulder"}


def test_pack_stays_within_its_budget():
    assert PACK_PATH.stat().st_size <= 9_000_000


def test_pack_holds_the_52_facial_units_and_the_features_of_a_face():
    pack = default_pack()
    assert len(pack.unit_names()) == 52
    assert {"jawOpen", "eyeBlinkLeft", "mouthSmileRight", "browInnerUp"} <= set(pack.unit_names())
    assert len(pack.local_names()) > 250


def test_origin_lies_midway_between_the_eyes_and_the_face_looks_along_z():
    pack = default_pack()
    eyes = pack.vertices[pack.vertices_of("eye")]
    assert np.abs(eyes.mean(axis=0)).max() < 1e-4
    nose_tip = pack.vertices[pack.vertices_of("skin"), 2].max()
    assert 0.03 < nose_tip < 0.06


def test_every_shape_names_vertices_that_exist():
    pack = default_pack()
    for shape in pack.shapes.values():
        assert shape.vertices.max() < len(pack.vertices)
        assert np.isfinite(shape.offsets_m).all()
        assert np.abs(shape.offsets_m).max() < 0.33


def test_weights_of_head_and_arms_are_shares():
    pack = default_pack()
    for weights in (pack.head_weight, pack.arm_weight):
        assert weights.min() >= 0
        assert weights.max() <= 1 + 1e-6
    assert pack.head_weight[pack.vertices_of("eye", "teeth")].min() > 0.98


def test_absent_pack_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.npz"):
        read_pack(tmp_path / "gone.npz")
