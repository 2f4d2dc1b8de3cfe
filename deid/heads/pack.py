"""The head pack as one frozen value: mesh, parts, masks, skinning weights and named blendshapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Index = NDArray[np.int32]
# Where lashes leave the middle of the upper and the lower left lid of the average head.
LID_EDGES_M = ((0.0311, 0.0045, 0.0162), (0.0310, -0.0046, 0.0166))
PACK_PATH = Path(__file__).with_name("head_pack.npz")


@dataclass(frozen=True)
class Blendshape:
    """Offsets in metres (n, 3) of the numbered vertices (n,); all other vertices stay."""

    vertices: Index
    offsets_m: Float


@dataclass(frozen=True)
class HeadPack:
    """Head, neck, upper chest and upper garment of the average adult.

    Metres; x to the person's left, y up, z forward; origin midway between the eyes. A corner is a vertex seen
    with one texture coordinate: vertices on a texture seam have several. part: (T,) number of part_names.
    masks: name -> (H, W) 0..1 over mask_window (u0, v0, u1, v1), row 0 at v1.
    """

    vertices: Float  # (V, 3)
    triangles: Index  # (T, 3) corner numbers
    corner_vertex: Index  # (C,) vertex number
    corner_uv: Float  # (C, 2)
    part: NDArray[np.uint8]
    part_names: tuple[str, ...]
    head_weight: Float  # (V,) 0 = torso, 1 = head
    arm_weight: Float  # (V, 2) left, right
    joints: Mapping[str, Index]
    masks: Mapping[str, Float]
    mask_window: Float
    shapes: Mapping[str, Blendshape]

    def triangles_of(self, *parts: str) -> Index:
        """Return the corner numbers (T', 3) of the triangles of the named parts, in pack order."""
        numbers = [self.part_names.index(part) for part in parts]
        chosen: Index = self.triangles[np.isin(self.part, numbers)]
        return chosen

    def vertices_of(self, *parts: str) -> Index:
        """Return the sorted vertex numbers that the named parts use."""
        numbers: Index = np.unique(self.corner_vertex[self.triangles_of(*parts)])
        return numbers

    def unit_names(self) -> tuple[str, ...]:
        """Return the 52 facial units (ARKit names) in the pack's order."""
        return self._unit_names

    @cached_property
    def _unit_names(self) -> tuple[str, ...]:
        return tuple(name.removeprefix("unit:") for name in self.shapes if name.startswith("unit:"))

    @cached_property
    def lid_margins(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """The vertices in the middle of the upper and the lower lid's edge, of the left and right eye."""
        left, right = (tuple(self._lash_near(place, side) for place in LID_EDGES_M) for side in (1, -1))
        return (left[0], left[1]), (right[0], right[1])

    def _lash_near(self, place: tuple[float, float, float], side: int) -> int:
        lashes = self.vertices_of("lash")
        away = np.linalg.norm(self.vertices[lashes] - np.array(place) * (side, 1, 1), axis=1)
        return int(lashes[away.argmin()])

    def local_names(self) -> tuple[str, ...]:
        """Return the local changes of shape (nose, mouth, chin ...) in the pack's order."""
        return tuple(name.removeprefix("local:") for name in self.shapes if name.startswith("local:"))


def read_pack(path: Path = PACK_PATH) -> HeadPack:
    """Return the pack stored at path. Raises FileNotFoundError, or KeyError when an array is missing."""
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    triangles, corner_vertex, corner_uv = _split_corners(arrays)
    names = [str(name) for name in arrays["mask_names"]]
    return HeadPack(
        vertices=arrays["vertices"],
        triangles=triangles,
        corner_vertex=corner_vertex,
        corner_uv=corner_uv,
        part=arrays["part"],
        part_names=tuple(str(name) for name in arrays["part_names"]),
        head_weight=arrays["head_weight"],
        arm_weight=arrays["arm_weight"],
        joints={
            str(name): numbers.astype(np.int32)
            for name, numbers in zip(arrays["joint_names"], arrays["joint_vertices"], strict=True)
        },
        masks={
            name: mask.astype(np.float32) / 255 for name, mask in zip(names, arrays["masks"], strict=True)
        },
        mask_window=arrays["mask_window"],
        shapes=_read_shapes(arrays),
    )


@cache
def default_pack() -> HeadPack:
    """Return the committed pack; read once per process."""
    return read_pack()


def _split_corners(arrays: Mapping[str, NDArray[np.generic]]) -> tuple[Index, Index, Float]:
    vertex = np.asarray(arrays["triangles"], np.int64)
    uv = np.asarray(arrays["uv_triangles"], np.int64)
    pairs, flat = np.unique(vertex * 65536 + uv, return_inverse=True)
    triangles = flat.reshape(vertex.shape).astype(np.int32)
    return triangles, (pairs >> 16).astype(np.int32), np.asarray(arrays["uv"], np.float32)[pairs & 65535]


def _read_shapes(arrays: Mapping[str, NDArray[np.generic]]) -> dict[str, Blendshape]:
    starts = np.asarray(arrays["shape_starts"], np.int64)
    step_m = float(np.asarray(arrays["shape_step_m"], np.float64))
    vertices = np.asarray(arrays["shape_vertices"], np.int32)
    offsets = np.asarray(arrays["shape_offsets"], np.float32) * np.float32(step_m)
    return {
        str(name): Blendshape(vertices[start:end], offsets[start:end])
        for name, start, end in zip(arrays["shape_names"], starts[:-1], starts[1:], strict=True)
    }
