"""Paint the head's skin: tone, mottling, lips, brows, stubble."""

from __future__ import annotations

import numpy as np

from deid.heads.canvas import Canvas, head_canvas
from deid.heads.curves import bump, ramp
from deid.heads.look import Look, to_linear
from deid.heads.noise import smooth_noise, smooth_noise_where
from deid.heads.pack import Float, default_pack


def paint_skin(look: Look) -> Float:
    """Return the skin's albedo (H, W, 3), linear RGB, on the head canvas."""
    canvas = head_canvas()
    tone = to_linear(look.skin)
    albedo = np.tile(tone, (len(canvas.texel), 1)) * _mottle(canvas, look)[:, None]
    albedo *= _redden(canvas, look)
    albedo = _shade_beard(albedo, canvas, look)
    albedo = _colour_lips(albedo, canvas, look)
    albedo = _colour_lids(albedo, canvas)
    albedo = _draw_brows(albedo, canvas, look)
    inside = canvas.read(default_pack().masks["inside-mouth"])[:, None]
    albedo = albedo * (1 - inside) + inside * np.array([0.20, 0.045, 0.04], np.float32)
    return canvas.fill(albedo.astype(np.float32))


def _mottle(canvas: Canvas, look: Look) -> Float:
    places = canvas.places_cm
    broad = smooth_noise(places * np.float32(0.55), look.seed) - 0.5
    patch = smooth_noise(places * np.float32(2.2), look.seed + 1) - 0.5
    pore = smooth_noise(places * np.float32(13), look.seed + 2) - 0.5
    grain = smooth_noise(places * np.float32(27), look.seed + 3) - 0.5
    mottled: Float = 1 + 0.10 * broad + 0.09 * patch + 0.10 * pore + 0.08 * grain
    if look.freckles == 0:
        return mottled
    spots = ramp(smooth_noise(places * np.float32(4.1), look.seed + 4), 0.80, 0.92) * look.freckles
    return mottled - 0.30 * spots


def _redden(canvas: Canvas, look: Look) -> Float:
    x, y, z = np.abs(canvas.places_cm[:, 0]), canvas.places_cm[:, 1], canvas.places_cm[:, 2]
    patch = smooth_noise(canvas.places_cm * np.float32(1.1), look.seed + 5)
    cheeks = bump(x, 4.3, 1.9) * bump(y, -3.4, 2.0)
    nose = bump(x, 0, 1.6) * bump(y, -3.6, 1.3) * ramp(z, 1.0, 3.5)
    ears = canvas.read(default_pack().masks["ears"])
    chin = bump(x, 0, 1.8) * bump(y, -9.6, 1.2)
    red = look.redness * (0.55 + 0.9 * patch) * (0.8 * cheeks + 0.9 * nose + 0.6 * ears + 0.35 * chin)
    hollow = bump(x, 2.9, 1.6) * bump(y, -1.3, 0.75) * (0.5 + 0.7 * look.lines)
    tint = np.ones((len(x), 3), np.float32)
    tint -= red[:, None] * np.array([0.05, 0.36, 0.30], np.float32)
    tint -= hollow[:, None] * np.array([0.16, 0.20, 0.13], np.float32)
    return tint


def _shade_beard(albedo: Float, canvas: Canvas, look: Look) -> Float:
    if look.stubble == 0:
        return albedo
    x, y, z = np.abs(canvas.places_cm[:, 0]), canvas.places_cm[:, 1], canvas.places_cm[:, 2]
    jaw = ramp(y, -5.6, -7.2) * ramp(z, -7.5, -5.5) * ramp(y, -14.5, -12.0)
    cheek_free = ramp(x + 0.9 * y, 0.2, -2.4)
    moustache = bump(y, -5.25, 0.75) * ramp(x, 3.0, 2.2)
    region = np.maximum(jaw * np.maximum(cheek_free, ramp(z, -3.5, -5.0) * ramp(y, 0, -5.0)), moustache)
    region *= 1 - canvas.read(default_pack().masks["lips"])
    noise = smooth_noise_where(region > 0, canvas.places_cm * np.float32(17), look.seed + 6)
    hairs = ramp(noise, 0.35, 0.75)
    cover = (look.stubble * region * (0.35 + 0.65 * hairs))[:, None]
    shaded: Float = albedo * (1 - cover) + cover * (0.55 * to_linear(look.hair) + 0.10 * to_linear(look.skin))
    return shaded


def _colour_lips(albedo: Float, canvas: Canvas, look: Look) -> Float:
    places = canvas.places_cm
    lips = canvas.read(default_pack().masks["lips"])
    stretched = places * np.array([9.0, 1.6, 1.6], np.float32)
    cover = (0.82 * ramp(lips, 0.15, 0.85))[:, None]
    creases = 0.86 + 0.28 * smooth_noise_where(cover[:, 0] > 0, stretched, look.seed + 7)
    painted = to_linear(look.lip) * creases[:, None]
    seam = (
        bump(places[:, 1], -6.72, 0.16) * ramp(np.abs(places[:, 0]), 3.0, 2.4) * ramp(places[:, 2], 0.6, 1.6)
    )
    coloured: Float = (albedo * (1 - cover) + painted * cover) * (1 - 0.35 * seam[:, None])
    return coloured


def _colour_lids(albedo: Float, canvas: Canvas) -> Float:
    lids = canvas.read(default_pack().masks["eyelids"])[:, None]
    x, y = np.abs(canvas.places_cm[:, 0]), canvas.places_cm[:, 1]
    distance = np.hypot((x - 3.1) / 1.75, (y - 0.05) / 0.62)
    margin = bump(distance, 0.86, 0.17) * ramp(canvas.places_cm[:, 2], 0.2, 0.8)
    upper = ramp(y, -0.15, 0.25)
    margin = margin * (0.25 + 0.55 * upper)
    socket = bump(x, 3.0, 1.9) * bump(y, 0.95, 0.65)
    albedo = albedo * (1 - lids * np.array([0.07, 0.14, 0.12], np.float32))
    albedo = albedo * (1 - 0.16 * socket[:, None] * np.array([0.9, 1.0, 1.0], np.float32))
    painted: Float = albedo * (1 - margin[:, None] * np.array([0.75, 0.82, 0.82], np.float32))
    return painted


def _draw_brows(albedo: Float, canvas: Canvas, look: Look) -> Float:
    extent = _brow_extent(canvas.places_cm)
    near = np.flatnonzero(extent > 0)
    drawn = albedo.copy()
    drawn[near] = _brows_on(albedo[near], canvas.places_cm[near], extent[near], look)
    return drawn


def _brow_extent(places_cm: Float) -> Float:
    """Return how much of brows there may be at places (N, 3), whatever their height."""
    side, z = np.abs(places_cm[:, 0]), places_cm[:, 2]
    extent: Float = ramp(side, 0.80, 1.45) * ramp(side, 5.45, 4.5) * ramp(z, -1.5, 0.0)
    return extent


def _brows_on(albedo: Float, places_cm: Float, extent: Float, look: Look) -> Float:
    x, y = places_cm[:, 0], places_cm[:, 1]
    side = np.abs(x)
    along = np.clip((side - 1.05) / 4.25, 0, 1)
    middle = 1.72 + look.brow_height_cm + look.brow_arch_cm * np.sin(np.pi * along**1.3) - 0.35 * along**2
    thick = 0.715 + 0.975 * along * np.exp(1 - along * 2.2)
    half = look.brow_thickness_cm * thick * (1 - 0.72 * along**2.2)
    offset = (y - middle) / half
    slant = side * 3.4 - y * np.float32(2.4) * (1.35 - along)
    hairs = smooth_noise(
        np.stack([slant * 3.0, y * 1.1 + side * 0.8, np.sign(x) * 3 + 5], axis=1), look.seed + 8
    )
    fine = smooth_noise(np.stack([slant * 6.2, y * 2.0, np.sign(x) * 3 + 9], axis=1), look.seed + 9)
    body = ramp(np.abs(offset), 1.25, 0.25) * extent
    cover = np.clip(body * (0.74 + 0.7 * hairs * (0.6 + 0.8 * fine)) * look.brow_density, 0, 0.93)[:, None]
    grey = to_linear((0.62, 0.61, 0.60))
    colour = to_linear(look.hair) * (1 - 0.5 * look.grey) + grey * (0.5 * look.grey)
    drawn: Float = (albedo * (1 - cover) + colour * np.float32(0.45) * cover).astype(np.float32)
    return drawn
