"""Draw a person: layers -> fragments -> nearest -> light times albedo. Deterministic, on one core."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from deid.heads.folds import fold_maps, weigh_folds
from deid.heads.layers import Layer, Sheet
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
    normals = vertex_normals(surface, person.mesh)
    visible = _cut_visible(person, _lift(person.sheet, surface, normals, pose), fine)
    light = _light_corners(person, visible, normals, pose, room=room, mouth_light=light_mouth(moved))
    rgb = np.zeros((fine_hw[0] * fine_hw[1], 3), np.float32)
    rgb[visible.pixel] = _shade(person, visible, light, _fold_texture(person, moved))
    alpha = np.zeros(len(rgb), np.float32)
    alpha[visible.pixel] = 1.0
    small = (width, height)
    return Picture(_shrink(rgb.reshape(*fine_hw, 3), small), _shrink(alpha.reshape(fine_hw), small))


def _shrink(picture: Float, size_wh: tuple[int, int]) -> Float:
    if picture.shape[1::-1] == size_wh:
        return picture
    return np.asarray(cv2.resize(picture, size_wh, interpolation=cv2.INTER_AREA), np.float32)


def _lift(sheet: Sheet, surface: Float, normals: Float, pose: Pose) -> Float:
    """Return where the corners (C, 3) of a sheet are, lifted off the surface."""
    places = np.take(surface, sheet.vertex, axis=0)
    if not sheet.is_lifted:
        return places
    lifted: Float = places + np.take(normals, sheet.vertex, axis=0) * sheet.lift_m[:, None]
    return lifted + sheet.comb_m @ _turn(pose).T


def _turn(pose: Pose) -> Float:
    return rotation_matrix(
        np.array([-pose.pitch_deg, pose.yaw_deg + pose.turn_deg, -pose.roll_deg], np.float32)
    )


def _cut_visible(person: Person, places: Float, camera: Camera) -> Fragments:
    """Return what is seen of a person whose corners are at places (C, 3), ordered by pixel."""
    sheet = person.sheet
    points, depth = camera.project(places)
    fragments = cut_fragments(points, depth, sheet.triangles, camera.size_hw)
    begins = np.searchsorted(fragments.triangle, sheet.begins)  # they are in the order of triangles
    hidden = [
        first + np.flatnonzero(_height_at(layer, sheet, fragments, slice(first, last)) <= layer.cut)
        for layer, first, last in zip(person.layers, begins[:-1], begins[1:], strict=True)
        if layer.height is not None
    ]
    if hidden:
        kept = np.ones(len(fragments), np.bool_)
        kept[np.concatenate(hidden)] = False
        fragments = fragments.take(kept)
    return fragments.take(resolve_nearest(fragments, camera.size_hw[0] * camera.size_hw[1]))


def _height_at(layer: Layer, sheet: Sheet, fragments: Fragments, some: slice) -> Float:
    at = interpolate(sheet.points, sheet.triangles, fragments.take(some))
    return sample_texture(np.zeros((1, 1), np.float32) if layer.height is None else layer.height, at)


def _light_corners(
    person: Person, visible: Fragments, normals: Float, pose: Pose, *, room: Room, mouth_light: float
) -> Float:
    """Return diffuse and gloss light, (C, 6) together, of the corners about what is visible."""
    sheet, pack = person.sheet, person.rest.pack
    is_seen = np.zeros(len(sheet.triangles), np.bool_)
    is_seen[visible.triangle] = True
    diffuse, gloss = light_vertices(
        normals, person.openness, person.directions, room=room, follows_head=pack.head_weight,
        head_turn=_turn(pose), wanted=sheet.vertex[sheet.triangles[is_seen].ravel()],
    )  # fmt: skip
    light = np.concatenate([diffuse[sheet.vertex], gloss[sheet.vertex] * sheet.gloss[:, None]], axis=1)
    passed = sheet.light * np.where(sheet.inside, np.float32(mouth_light), np.float32(1))
    return np.asarray(light * passed[:, None], np.float32)


def _shade(person: Person, visible: Fragments, light: Float, folds: Float) -> Float:
    """Return the colour (N, 3) of what is visible. light (C, 6): as _light_corners; folds: (H, W)."""
    sheet = person.sheet
    carried = interpolate(np.concatenate([sheet.points, light], axis=1), sheet.triangles, visible)
    owner = np.searchsorted(sheet.begins, visible.triangle, side="right") - 1
    colour = np.empty((len(visible), 3), np.float32)
    for number, layer in enumerate(person.layers):
        some = np.flatnonzero(owner == number)
        at = np.take(carried, some, axis=0)
        albedo = sample_texture(layer.texture, at)
        if layer.name == "head":
            depth = sample_texture(folds, at)[:, None]
            albedo = albedo * (1 - depth * np.array(FOLD_COLOUR, np.float32))
        colour[some] = albedo * at[:, 2:5] + at[:, 5:]
    return colour


def _fold_texture(person: Person, expression: Mapping[str, float]) -> Float:
    weights = weigh_folds(expression, person.identity.look.lines)
    maps = fold_maps()
    total = np.zeros_like(next(iter(maps.values())))
    for name, weight in weights.items():
        if weight > 0:
            total += maps[name] * np.float32(weight)
    return np.minimum(total, np.float32(1), out=total)


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
