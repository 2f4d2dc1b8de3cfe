// The sound over time, what is marked in it, and where somebody speaks; a drag marks, a click goes there.

import { columnsOf } from "../lib/spans.js";
import { clamp, followWindow, zoomWindow } from "../lib/time.js";
import { colour } from "./palette.js";

const COLOURS = ["muted", "accent", "bad", "warn", "good", "ink"];
const CLICK_PX = 4;
const VOICES_PX = 8;

/** on: { go(time_us), mark(from_us, to_us), choose(span) }. Returns what draws { spans, chosen, voices, time_us }. */
export function openLane(canvas, sound, whole_us, on, signal) {
  const ratio = window.devicePixelRatio || 1;
  const whole = { from_s: 0, to_s: whole_us / 1e6 };
  let view = zoomWindow(0, 0, whole);
  let shown = { spans: [], chosen: null, voices: [], time_us: 0 };
  let drag = null;
  let ink = readColours();
  const toX = (time_us) => ((time_us / 1e6 - view.min) / (view.max - view.min)) * canvas.width;
  const toTime = (x_px) => (view.min + (x_px / canvas.clientWidth) * (view.max - view.min)) * 1e6;

  function paint() {
    canvas.width = Math.max(1, Math.round(canvas.clientWidth * ratio));
    canvas.height = Math.max(1, Math.round(canvas.clientHeight * ratio));
    const c = canvas.getContext("2d");
    const { width, height } = canvas;
    const middle = (height - VOICES_PX * ratio) / 2;
    c.fillStyle = ink.muted;
    for (const [x, level] of columnsOf(sound, view.min * 1e6, view.max * 1e6, width).entries()) {
      const half = Math.max(0.5 * ratio, (level / 255) * middle);
      c.fillRect(x, middle - half, 1, 2 * half);
    }
    c.fillStyle = ink.good;
    for (const [from, to] of shown.voices) c.fillRect(toX(from), height - (VOICES_PX - 2) * ratio, toX(to) - toX(from), (VOICES_PX - 2) * ratio);
    for (const span of shown.spans) band(c, span, middle * 2);
    if (drag?.to_us !== undefined) band(c, { start_us: Math.min(drag.from_us, drag.to_us), end_us: Math.max(drag.from_us, drag.to_us), style: "mute" }, middle * 2);
    c.fillStyle = ink.ink;
    c.fillRect(toX(shown.time_us) - ratio, 0, 2 * ratio, height);
  }

  /** Silence is a block, a bleep is slanted lines; the chosen one has a thick frame. */
  function band(c, span, height) {
    const [x, end] = [toX(span.start_us), toX(span.end_us)];
    const width = Math.max(2 * ratio, end - x);
    const colour = span.style === "mute" ? ink.bad : ink.warn;
    c.save();
    c.beginPath();
    c.rect(x, 0, width, height);
    c.clip();
    c.fillStyle = c.strokeStyle = colour;
    c.globalAlpha = 0.35;
    if (span.style === "mute") c.fillRect(x, 0, width, height);
    c.globalAlpha = 0.8;
    c.lineWidth = 2 * ratio;
    for (let at = x - height; span.style === "bleep" && at < x + width; at += 9 * ratio) {
      c.beginPath();
      c.moveTo(at, height);
      c.lineTo(at + height, 0);
      c.stroke();
    }
    c.globalAlpha = 1;
    const isChosen = span === shown.chosen;
    c.lineWidth = (isChosen ? 6 : 2) * ratio;
    if (isChosen) c.strokeStyle = ink.accent;
    c.strokeRect(x, 0, width, height);
    c.restore();
  }

  const here = (event) => clamp(toTime(event.clientX - canvas.getBoundingClientRect().left), 0, whole_us);
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    drag = { from_us: here(event), x: event.clientX };
  }, { signal });
  canvas.addEventListener("pointermove", (event) => {
    if (!drag || Math.abs(event.clientX - drag.x) < CLICK_PX) return;
    drag.to_us = here(event);
    paint();
  }, { signal });
  canvas.addEventListener("pointerup", () => {
    const { from_us, to_us } = drag ?? {};
    drag = null;
    if (from_us === undefined) return;
    if (to_us !== undefined) return on.mark(from_us, to_us);
    on.choose(shown.spans.find(({ start_us, end_us }) => from_us >= start_us && from_us < end_us) ?? null);
    on.go(from_us);
  }, { signal });
  canvas.addEventListener("pointercancel", () => { drag = null; }, { signal });
  const resized = new ResizeObserver(paint);
  resized.observe(canvas);
  signal.addEventListener("abort", () => resized.disconnect());
  const repaint = () => {
    ink = readColours();
    paint();
  };
  document.addEventListener("theme", repaint, { signal });

  return {
    draw(next) {
      shown = next;
      view = followWindow(view, Math.min(shown.time_us / 1e6, whole.to_s - 1e-3), whole) ?? view;
      paint();
    },
    zoom(width_s) {
      view = zoomWindow(width_s, shown.time_us / 1e6, whole);
      paint();
    },
  };
}

const readColours = () => Object.fromEntries(COLOURS.map((name) => [name, colour(`--${name}`)]));
