"""Draw a person: layers -> fragments -> nearest -> light times albedo. Deterministic, on one core."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from deid.heads.folds import fold_maps, weigh_folds
from deid.heads.layers import Layer
from deid.heads.light import CONSULTING_ROOM, Room, light_vertices, vertex_normals
from deid.heads.person import Person
from deid.heads.raster import Float, Fragments, cut_fragments, interpolate, resolve_nearest
from deid.heads.shape import Pose, add_units, express, follow_gaze, light_mouth, pose_head, rotation_matrix

SAMPLE_ROW = 1024
FOLD_COLOUR = (0.42, 0.55, 0.55)  # how much of each colour a full fold takes away


@dataclass(frozen=True)
class Camera:
    """A pinhole in front of the person, looking along -z at aim_m from distance_m; pixels_per_m is there."""

    size_hw: tuple[int, int]
    pixels_per_m: float
    aim_m: tuple[float, float, float] = (0.0, -0.03, 0.0)
    distance_m: float = 1.1

    def project(self, places: Float) -> tuple[Float, Float]:
        """Return pixels (N, 2), x right and y down, and distance from the camera plane (N,)."""
        aim = np.array(self.aim_m, np.float32)
        depth = np.float32(self.distance_m) - (places[:, 2] - aim[2])
        scale = np.float32(self.pixels_per_m * self.distance_m) / np.maximum(depth, np.float32(0.05))
        height, width = self.size_hw
        x = np.float32(width / 2) + (places[:, 0] - aim[0]) * scale
        y = np.float32(height / 2) - (places[:, 1] - aim[1]) * scale
        return np.stack([x, y], axis=1).astype(np.float32), depth.astype(np.float32)


@dataclass(frozen=True)
class Picture:
    """Linear RGB (H, W, 3) and coverage (H, W), 0..1; RGB is 0 where nothing covers."""

    rgb: Float
    alpha: Float


@dataclass(frozen=True)
class _Lit:
    """Corners of one layer in this frame: places (C, 3), and diffuse and gloss light, (C, 6) together."""

    places: Float
    light: Float


def render_person(
    person: Person,
    expression: Mapping[str, float],
    pose: Pose,
    camera: Camera,
    *,
    room: Room = CONSULTING_ROOM,
    oversampling: float = 1.5,
) -> Picture:
    """Return the person as camera sees it. expression: facial unit -> 0..1; arguments are not modified."""
    height, width = camera.size_hw
    fine_hw = (round(height * oversampling), round(width * oversampling))
    fine = Camera(fine_hw, camera.pixels_per_m * oversampling, camera.aim_m, camera.distance_m)
    moved = follow_gaze(add_units(person.identity.resting_units, expression), pose)
    surface = pose_head(person.rest, express(person.rest, moved), pose)
    lit = _light_layers(person, surface, pose, room=room, mouth_light=light_mouth(moved))
    drawn = [_cut_layer(layer, state, fine) for layer, state in zip(person.layers, lit, strict=True)]
    owner = np.repeat(np.arange(len(drawn)), [len(fragments) for fragments in drawn])
    everything = Fragments(
        np.concatenate([fragments.pixel for fragments in drawn]),
        np.concatenate([fragments.triangle for fragments in drawn]),
        np.concatenate([fragments.weights for fragments in drawn]),
        np.concatenate([fragments.depth for fragments in drawn]),
    )
    seen = resolve_nearest(everything, fine_hw[0] * fine_hw[1])
    folds = _fold_texture(person, moved)
    canvas = np.zeros((fine_hw[0] * fine_hw[1], 4), np.float32)
    for number, (layer, state) in enumerate(zip(person.layers, lit, strict=True)):
        visible = everything.take(seen[owner[seen] == number])
        if len(visible):
            canvas[visible.pixel, :3] = _shade(layer, state, visible, folds)
            canvas[visible.pixel, 3] = 1.0
    small = cv2.resize(canvas.reshape(*fine_hw, 4), (width, height), interpolation=cv2.INTER_AREA)
    return Picture(np.ascontiguousarray(small[..., :3]), np.ascontiguousarray(small[..., 3]))


def _light_layers(
    person: Person, surface: Float, pose: Pose, *, room: Room, mouth_light: float
) -> list[_Lit]:
    pack = person.rest.pack
    normals = vertex_normals(surface, person.mesh)
    turn = rotation_matrix(
        np.array([-pose.pitch_deg, pose.yaw_deg + pose.turn_deg, -pose.roll_deg], np.float32)
    )
    diffuse, gloss = light_vertices(
        normals, person.openness, person.directions, room=room, follows_head=pack.head_weight,
        head_turn=turn, wanted=np.concatenate([layer.vertex for layer in person.layers]),
    )  # fmt: skip
    lit = []
    for layer in person.layers:
        lifted = surface[layer.vertex] + normals[layer.vertex] * layer.lift_m[:, None] + layer.comb_m @ turn.T
        light = np.concatenate([diffuse[layer.vertex], gloss[layer.vertex] * np.float32(layer.gloss)], axis=1)
        inside = mouth_light if layer.name in ("teeth", "tongue") else 1.0
        lit.append(_Lit(lifted, light * (layer.light * np.float32(inside))[:, None]))
    return lit


def _cut_layer(layer: Layer, state: _Lit, camera: Camera) -> Fragments:
    points, depth = camera.project(state.places)
    fragments = cut_fragments(points, depth, layer.triangles, camera.size_hw, cull=not layer.two_sided)
    if layer.height is None:
        return fragments
    at = interpolate(layer.points, layer.triangles, fragments)
    height = sample_texture(layer.height, at)
    return fragments.take(height > np.float32(layer.cut))


def _shade(layer: Layer, state: _Lit, visible: Fragments, folds: Float) -> Float:
    carried = interpolate(np.concatenate([layer.points, state.light], axis=1), layer.triangles, visible)
    at, light = carried[:, :2], carried[:, 2:]
    albedo = sample_texture(layer.texture, at)
    if layer.name == "head":
        depth = sample_texture(folds, at)[:, None]
        albedo = albedo * (1 - depth * np.array(FOLD_COLOUR, np.float32))
    colour: Float = albedo * light[:, :3] + light[:, 3:]
    return colour


def _fold_texture(person: Person, expression: Mapping[str, float]) -> Float:
    weights = weigh_folds(expression, person.identity.look.lines)
    maps = fold_maps()
    total = np.zeros_like(next(iter(maps.values())))
    for name, weight in weights.items():
        if weight > 0:
            total += maps[name] * np.float32(weight)
    return np.minimum(total, np.float32(1))


def sample_texture(texture: Float, points: Float) -> Float:
    """Return the texture (H, W) or (H, W, K) at points (N, 2) 0..1, (N,) or (N, K), bilinear."""
    height, width = texture.shape[:2]
    count = len(points)
    if count == 0:
        return np.zeros((0, *texture.shape[2:]), np.float32)
    rows = -(-count // SAMPLE_ROW)  # cv2.remap refuses rows beyond 32767
    across, down = np.zeros((2, rows * SAMPLE_ROW), np.float32)
    across[:count] = points[:, 0] * np.float32(width) - np.float32(0.5)
    down[:count] = points[:, 1] * np.float32(height) - np.float32(0.5)
    grid = (rows, SAMPLE_ROW)
    read = np.asarray(
        cv2.remap(
            texture,
            across.reshape(grid),
            down.reshape(grid),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        np.float32,
    )
    result: Float = read.reshape(rows * SAMPLE_ROW, *texture.shape[2:])[:count]
    return result


_CURVE = np.array(
    [
        round(255 * min(1.0, 12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055))
        for v in ((x if x < 0.7 else 0.7 + 0.3 * np.tanh((x - 0.7) / 0.3)) for x in np.linspace(0, 2, 8192))
    ],
    np.uint8,
)


def develop(rgb: Float) -> NDArray[np.uint8]:
    """Return linear RGB (..., 3) as BGR uint8: sRGB curve with a soft shoulder above 0.7."""
    level = np.clip(rgb * np.float32(8191 / 2), 0, 8191).astype(np.int32)
    image: NDArray[np.uint8] = _CURVE[level][..., ::-1].copy()
    return image


def composite(picture: Picture, background: Float) -> Float:
    """Return the picture over a background (H, W, 3), linear RGB."""
    blended: Float = picture.rgb + background * (1 - picture.alpha[..., None])
    return blended
