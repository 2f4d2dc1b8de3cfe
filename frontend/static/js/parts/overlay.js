// Face boxes over one camera's video, drawn from data so that they can be switched off.

import { boxOnScreen, containedRect, rowsNear, toleranceOf } from "../lib/faces.js";
import { LETTERS, ROLE_SHORT } from "../lib/labels.js";
import { clockOf, toCamera } from "../lib/time.js";
import { drawShape, readPalette } from "./palette.js";

const WINDOW_S = 60;

export function attach(canvas) {
  const overlay = new Overlay(canvas);
  return () => overlay.destroy();
}

class Overlay {
  constructor(canvas) {
    this.canvas = canvas;
    this.stop = new AbortController();
    this.clock = clockOf(canvas);
    this.picture = { width: Number(canvas.dataset.width), height: Number(canvas.dataset.height) };
    this.windows = new Map();
    this.own_s = 0;
    this.on = true;
    this.palette = readPalette();
    this.listen();
    this.resize();
    document.dispatchEvent(new CustomEvent("clock:ask"));
  }

  listen() {
    const { signal } = this.stop;
    const on = (target, name, handler) => target.addEventListener(name, handler, { signal });
    on(document, "clock", ({ detail }) => this.moveTo(toCamera(detail.time_s, this.clock)));
    on(document, "theme", () => {
      this.palette = readPalette();
      this.draw();
    });
    on(document, "boxes", ({ detail }) => {
      this.on = detail.on;
      this.draw();
    });
    this.watcher = new ResizeObserver(() => this.resize());
    this.watcher.observe(this.canvas);
  }

  resize() {
    const ratio = devicePixelRatio || 1;
    this.canvas.width = Math.round(this.canvas.clientWidth * ratio);
    this.canvas.height = Math.round(this.canvas.clientHeight * ratio);
    this.draw();
  }

  moveTo(own_s) {
    this.own_s = own_s;
    const index = Math.floor(Math.max(0, own_s) / WINDOW_S);
    this.fetchWindow(index);
    if (own_s % WINDOW_S > WINDOW_S - 15) this.fetchWindow(index + 1);
    this.draw();
  }

  /** One minute of boxes at a time; a failed minute is asked for again when it is next needed. */
  async fetchWindow(index) {
    if (this.windows.has(index)) return;
    this.windows.set(index, null);
    const url = new URL(this.canvas.dataset.facesUrl, location.href);
    url.searchParams.set("from_s", index * WINDOW_S);
    url.searchParams.set("to_s", (index + 1) * WINDOW_S);
    try {
      const answer = await fetch(url, { headers: { Accept: "application/json" }, signal: this.stop.signal });
      if (!answer.ok) throw new Error(String(answer.status));
      const faces = await answer.json();
      this.windows.set(index, { ...faces, tolerance_ms: toleranceOf(faces.t_ms) });
      this.draw();
    } catch {
      setTimeout(() => this.windows.delete(index), 5000);
    }
  }

  draw() {
    const context = this.canvas.getContext("2d");
    const ratio = devicePixelRatio || 1;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    const faces = this.windows.get(Math.floor(Math.max(0, this.own_s) / WINDOW_S));
    if (!this.on || !faces || this.own_s < 0) return;
    const element = { width: this.canvas.clientWidth, height: this.canvas.clientHeight };
    const rect = containedRect(element, this.picture);
    for (const row of rowsNear(faces.t_ms, this.own_s * 1000, faces.tolerance_ms)) {
      this.drawFace(context, faces, row, boxOnScreen(faces.box[row], rect));
    }
  }

  drawFace(context, faces, row, { x, y, width, height }) {
    const emotion = faces.emotion[row];
    const fill = emotion ? this.palette.emotion[emotion] : this.palette.muted;
    context.lineJoin = "round";
    context.strokeStyle = "rgb(0 0 0 / 55%)";
    context.lineWidth = 4;
    context.strokeRect(x, y, width, height);
    context.strokeStyle = fill;
    context.lineWidth = 2;
    context.setLineDash(faces.role[row] === "doctor" ? [8, 4] : []);
    context.strokeRect(x, y, width, height);
    context.setLineDash([]);
    const label = { emotion, fill, words: this.wordsFor(faces, row), x };
    this.drawLabel(context, { ...label, y: y < 24 ? y + height + 2 : y - 24 });
  }

  wordsFor(faces, row) {
    const who = ROLE_SHORT[faces.role[row]] ?? "?";
    const emotion = faces.emotion[row];
    if (!emotion) return who;
    return `${who} ${LETTERS[emotion]} ${emotion} ${faces.confidence[row].toFixed(2)}`;
  }

  drawLabel(context, { emotion, fill, words, x, y }) {
    context.font = `600 13px ${this.palette.font}`;
    context.textAlign = "left";
    context.textBaseline = "middle";
    const width = context.measureText(words).width + (emotion ? 32 : 16);
    const left = Math.max(0, Math.min(x - 1, this.canvas.clientWidth - width));
    context.fillStyle = fill;
    context.fillRect(left, y, width, 22);
    context.fillStyle = emotion ? this.palette.on[emotion] : this.palette.surface;
    if (emotion) drawShape(context, this.palette.shape[emotion], left + 13, y + 11, 11);
    context.fillText(words, left + (emotion ? 24 : 8), y + 11.5);
  }

  destroy() {
    this.stop.abort();
    this.watcher.disconnect();
  }
}
