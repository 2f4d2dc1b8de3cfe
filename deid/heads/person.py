"""A person ready to be drawn: surface, textures and openness to light, made once from an identity."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from deid.heads.canvas import head_triangles, window_uv
from deid.heads.clothes import Clothes, clothes_layers, drape
from deid.heads.curves import ramp
from deid.heads.eyes import eye_points, nearest_eye, paint_eye
from deid.heads.hair import draw_hairline, hair_layers, tint_scalp
from deid.heads.lashes import lash_layer
from deid.heads.layers import Layer, Sheet, join_layers, make_layer
from deid.heads.light import measure_openness, spread_directions
from deid.heads.look import Colour, Identity, to_linear
from deid.heads.mouth import mouth_layers, seat_teeth
from deid.heads.pack import Float, HeadPack, Index, default_pack
from deid.heads.shape import RestHead, build_rest
from deid.heads.skin import paint_skin


@dataclass(frozen=True)
class Person:
    """One synthetic person; render.py draws it.

    mesh: (T, 3) vertex numbers of all drawn base triangles; openness: (V, D) along directions (D, 3).
    """

    identity: Identity
    rest: RestHead
    layers: tuple[Layer, ...]
    mesh: Index
    directions: Float
    openness: Float

    @cached_property
    def sheet(self) -> Sheet:
        """Return all layers as one."""
        return join_layers(self.layers)


def make_person(identity: Identity, clothes: Clothes | None = None, pack: HeadPack | None = None) -> Person:
    """Return the person of an identity; the same identity gives the same person, bit for bit."""
    pack = pack or default_pack()
    rest = build_rest(pack, identity.phenotype, identity.features)
    garment = pack.corner_vertex[pack.triangles_of("garment")]
    rest = replace(rest, vertices=seat_teeth(pack, drape(rest.vertices, garment)))
    look = identity.look
    layers = [
        *_skin_layers(pack, identity, tint_scalp(paint_skin(look), look)),
        _eye_layer(pack, identity),
        lash_layer(pack, look),
        *mouth_layers(pack),
        *hair_layers(pack, look),
        *clothes_layers(pack, rest.vertices, clothes or Clothes()),
    ]
    drawn = pack.corner_vertex[pack.triangles_of("skin", "eye", "teeth", "tongue", "garment")]
    directions = spread_directions()
    body = pack.corner_vertex[pack.triangles_of("skin")]
    openness = measure_openness(rest.vertices, body, directions)
    cloth = pack.vertices_of("garment")
    openness[cloth] = measure_openness(rest.vertices, np.concatenate([body, garment]), directions)[cloth]
    mouth = pack.vertices_of("teeth", "tongue")
    openness[mouth] = _open_mouth(directions)
    return Person(identity, rest, tuple(layers), drawn, directions, openness)


def make_bare(identity: Identity, hair: Colour | None = None) -> Person:
    """Return the person of an identity without clothes, in a third of the time.

    hair: the colour of hair that is painted on; None for a bald head.
    """
    skin = paint_skin(identity.look)
    albedo = skin if hair is None else draw_hairline(skin, identity.look, hair)
    pack = default_pack()
    rest = build_rest(pack, identity.phenotype, identity.features)
    resting = seat_teeth(pack, rest.vertices)
    layers = (
        *_skin_layers(pack, identity, albedo),
        _eye_layer(pack, identity),
        lash_layer(pack, identity.look),
        *mouth_layers(pack),
    )
    drawn = pack.corner_vertex[pack.triangles_of("skin", "eye", "teeth", "tongue")]
    directions = spread_directions()
    openness = measure_openness(resting, pack.corner_vertex[pack.triangles_of("skin")], directions)
    openness[pack.vertices_of("teeth", "tongue")] = _open_mouth(directions)
    return Person(identity, replace(rest, vertices=resting), layers, drawn, directions, openness)


def _open_mouth(directions: Float) -> Float:
    """Return how freely teeth and tongue see the room along each direction (D,): through the lips."""
    return 0.9 * ramp(directions[:, 2], -0.1, 0.6)


def _skin_layers(pack: HeadPack, identity: Identity, albedo: Float) -> list[Layer]:
    head, chest = head_triangles(pack)
    points = window_uv(pack.corner_uv, pack.mask_window)
    tone = np.tile(to_linear(identity.look.skin), (4, 4, 1))
    return [
        make_layer("head", head, pack.corner_vertex, points, albedo, gloss=0.045),
        make_layer("chest", chest, pack.corner_vertex, points * 0 + 0.5, tone, gloss=0.03),
    ]


def _eye_layer(pack: HeadPack, identity: Identity) -> Layer:
    points = eye_points(pack.vertices, nearest_eye(pack))[pack.corner_vertex]
    return make_layer(
        "eye", pack.triangles_of("eye"), pack.corner_vertex, points, paint_eye(identity.look), gloss=0.02
    )
