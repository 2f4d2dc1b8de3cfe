// What a lane shows besides its curves: the strip of classified seconds, gaps, and letters that make colour optional.

import { EMOTIONS, LETTERS } from "../lib/labels.js";
import { drawShape } from "./palette.js";

const TILE = 8;

const MARKS = {
  no_face: (c) => [[2, 2], [6, 6]].forEach(([x, y]) => c.fillRect(x - 0.75, y - 0.75, 1.75, 1.75)),
  low_confidence: (c) => [1, 5].forEach((x) => c.fillRect(x, 0, 1.25, TILE)),
  irrelevant_face: (c) => [1, 5].forEach((y) => c.fillRect(0, y, TILE, 1.25)),
  occluded: (c) => {
    c.fillRect(3, 0, 1.25, TILE);
    c.fillRect(0, 3, TILE, 1.25);
  },
  consent_withheld: (c) => c.fillRect(0, 0, TILE, TILE),
  not_analysed: () => {},
};

/** A repeating tile, made once per palette and pixel ratio: an hour may have a thousand stretches. */
function pattern(palette, ratio, name, draw) {
  const key = `${name}@${ratio}`;
  const known = palette.patterns.get(key);
  if (known) return known;
  const tile = document.createElement("canvas");
  tile.width = tile.height = Math.round(TILE * ratio);
  const inner = tile.getContext("2d");
  inner.scale(tile.width / TILE, tile.height / TILE);
  draw(inner);
  const made = inner.createPattern(tile, "repeat");
  palette.patterns.set(key, made);
  return made;
}

/** Fills a rectangle with the pattern of a status: each has its own, so grey alone never decides. */
export function paintStatus(context, status, rect, palette, ratio) {
  const draw = (inner) => {
    inner.fillStyle = palette.status[status];
    MARKS[status](inner);
  };
  context.fillStyle = palette.sunken;
  context.fillRect(...rect);
  context.fillStyle = pattern(palette, ratio, status, draw);
  context.fillRect(...rect);
  const [x, y, width, height] = rect;
  context.strokeStyle = palette.status[status];
  context.lineWidth = ratio;
  if (width > 3 * ratio) context.strokeRect(x + ratio / 2, y + ratio / 2, width - ratio, height - ratio);
}

/** The doctor's hatching: thin slanted lines of the surface over what was drawn. */
export function paintHatch(context, rect, palette, ratio) {
  const draw = (inner) => {
    inner.strokeStyle = palette.surface;
    inner.lineWidth = 1.4;
    inner.beginPath();
    for (const start of [-TILE, 0, TILE]) {
      inner.moveTo(start - 1, TILE + 1);
      inner.lineTo(start + TILE + 1, -1);
    }
    inner.stroke();
  };
  context.save();
  context.globalAlpha = 0.55;
  context.fillStyle = pattern(palette, ratio, "hatch", draw);
  context.fillRect(...rect);
  context.restore();
}

/** One stretch of classified seconds in the strip: colour, and shape and letter where they fit. */
export function paintStretch(context, emotion, rect, palette, { ratio, hatched }) {
  const [x, y, width, height] = rect;
  context.fillStyle = palette.emotion[emotion];
  context.fillRect(...rect);
  const size = 10 * ratio;
  const needed = width >= 34 * ratio ? 30 * ratio : 14 * ratio;
  if (hatched) paintHatch(context, rect, palette, ratio);
  if (width < needed) return;
  const middle = y + height / 2;
  if (hatched) {
    context.fillStyle = palette.emotion[emotion];
    context.fillRect(x + (width - needed) / 2, y, needed, height);
  }
  context.fillStyle = palette.on[emotion];
  context.font = `650 ${11.5 * ratio}px ${palette.font}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  const both = needed > 20 * ratio;
  if (both) drawShape(context, palette.shape[emotion], x + width / 2 - 7 * ratio, middle, size);
  context.fillText(LETTERS[emotion], x + width / 2 + (both ? 6 * ratio : 0), middle + 0.5 * ratio);
}

/** Shapes along the curves, or letters inside the bands, at regular distances and staggered per emotion. */
export function paintMarks(u, shown, style) {
  const { ratio, stacked } = style;
  const step = 132 * ratio;
  shown.forEach((emotion, order) => {
    const offset = (step / EMOTIONS.length) * EMOTIONS.indexOf(emotion) + 12 * ratio;
    for (let x = u.bbox.left + offset; x < u.bbox.left + u.bbox.width; x += step) {
      if (stacked) paintLetter(u, x, emotion, order + 1, style);
      else paintShape(u, x, emotion, order + 1, style);
    }
  });
}

function rowBefore(times, time_s) {
  let low = 0;
  let high = times.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (times[middle] <= time_s) low = middle;
    else high = middle - 1;
  }
  return times[low] <= time_s ? low : -1;
}

/** Where a column's value lies on the canvas at a pixel, or null over a gap. */
function levelAt(u, x, column, ratio) {
  const row = rowBefore(u.data[0], u.posToVal((x - u.bbox.left) / ratio, "x"));
  const value = row < 0 || column === 0 ? null : u.data[column][row];
  return { value, top: u.valToPos(value ?? 0, "y", true) };
}

function paintShape(u, x, emotion, column, { palette, ratio }) {
  const { value, top } = levelAt(u, x, column, ratio);
  if (value === null || value < 0.12) return;
  u.ctx.fillStyle = palette.surface;
  drawShape(u.ctx, palette.shape[emotion], x, top, 13 * ratio);
  u.ctx.fillStyle = palette.emotion[emotion];
  drawShape(u.ctx, palette.shape[emotion], x, top, 9 * ratio);
}

/** Only where the band is wide and high enough around the whole letter. */
function paintLetter(u, x, emotion, column, { palette, ratio }) {
  const places = [x - 6 * ratio, x, x + 6 * ratio];
  const uppers = places.map((place) => levelAt(u, place, column, ratio));
  if (uppers.some(({ value }) => value === null)) return;
  const top = Math.max(...uppers.map((upper) => upper.top));
  const bottom = Math.min(...places.map((place) => levelAt(u, place, column - 1, ratio).top));
  if (bottom - top < 15 * ratio) return;
  u.ctx.fillStyle = palette.on[emotion];
  u.ctx.font = `600 ${11 * ratio}px ${palette.font}`;
  u.ctx.textAlign = "center";
  u.ctx.textBaseline = "middle";
  u.ctx.fillText(LETTERS[emotion], x, (top + bottom) / 2);
}

/** A small flag that stands on the strip where there is a note of one's own. */
export function paintNote(context, x, base, palette, ratio) {
  const [width, height] = [5 * ratio, 10 * ratio];
  context.beginPath();
  context.moveTo(x, base);
  context.lineTo(x - width, base - height);
  context.lineTo(x + width, base - height);
  context.closePath();
  context.fillStyle = palette.ink;
  context.strokeStyle = palette.surface;
  context.lineWidth = 1.5 * ratio;
  context.stroke();
  context.fill();
}
