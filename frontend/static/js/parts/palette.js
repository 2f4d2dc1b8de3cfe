// The tokens of the style sheet and the shapes of the page, in the form a canvas understands.

import { EMOTIONS, STATUS_WORDS } from "../lib/labels.js";

let probe;

/** A colour token as rgb(): a canvas knows neither custom properties nor light-dark(). */
export function colour(token) {
  if (!probe) {
    probe = document.createElement("span");
    probe.hidden = true;
    document.body.append(probe);
  }
  probe.style.color = `var(${token})`;
  return getComputedStyle(probe).color;
}

function shape(emotion) {
  const path = document.getElementById(`shape-${emotion}`)?.querySelector("path");
  return new Path2D(path?.getAttribute("d") ?? "");
}

/** Everything that is painted with, read anew after every change of theme. */
export function readPalette() {
  const each = (names, make) => Object.fromEntries(names.map((name) => [name, make(name)]));
  return {
    emotion: each(EMOTIONS, (name) => colour(`--emotion-${name}`)),
    on: each(EMOTIONS, (name) => colour(`--on-${name}`)),
    shape: each(EMOTIONS, shape),
    status: each(
      Object.keys(STATUS_WORDS).filter((name) => name !== "ok"),
      (name) => colour(`--status-${name.replaceAll("_", "-")}`),
    ),
    ink: colour("--ink"),
    muted: colour("--muted"),
    line: colour("--line"),
    surface: colour("--surface"),
    sunken: colour("--sunken"),
    accent: colour("--accent"),
    patterns: new Map(),
    font: getComputedStyle(document.body).fontFamily,
  };
}

/** Draws an emotion's shape with its centre at x, y. Shapes are drawn on a 16 × 16 field. */
export function drawShape(context, path, x, y, size) {
  context.save();
  context.translate(x - size / 2, y - size / 2);
  context.scale(size / 16, size / 16);
  context.fill(path);
  context.restore();
}
