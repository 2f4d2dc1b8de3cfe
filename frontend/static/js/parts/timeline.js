// The timelines of an encounter: one lane per person on one clock. Clicking, dragging and the keyboard seek.

import { formatClock, formatDetection } from "../lib/format.js";
import { EMOTIONS, LETTERS, ROLE_SHORT, describeSecond } from "../lib/labels.js";
import { laneSpan, readingAt } from "../lib/lanes.js";
import { clamp, followWindow, zoomWindow } from "../lib/time.js";
import { laneChart } from "./lane_chart.js";
import { paintStatus } from "./lane_paint.js";
import { readPalette } from "./palette.js";

const KEY_STEPS = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity };

export function attach(root) {
  const stop = new AbortController();
  let timeline = null;
  load(root, stop.signal).then((data) => {
    if (data && !stop.signal.aborted) timeline = new Timeline(root, data, stop.signal);
  });
  return () => {
    stop.abort();
    timeline?.destroy();
  };
}

async function load(root, signal) {
  const say = root.querySelector("[data-state]");
  try {
    const answer = await fetch(root.dataset.timelineUrl, { headers: { Accept: "application/json" }, signal });
    if (!answer.ok) throw new Error(String(answer.status));
    say.hidden = true;
    return await answer.json();
  } catch {
    if (!signal.aborted) say.textContent = "The timeline could not be loaded. Reload the page to try again.";
    return null;
  }
}

class Timeline {
  constructor(root, data, signal) {
    this.root = root;
    this.span = laneSpan(data.lanes, data.duration_s);
    this.window = zoomWindow(0, 0, this.span);
    this.now_s = 0;
    this.hover_s = null;
    const noted = root.dataset.noted.split(" ").filter(Boolean).map(Number);
    this.view = { mode: "stacked", shown: [...EMOTIONS], palette: readPalette(), noted };
    this.lanes = data.lanes.map((lane) => this.addLane(lane));
    this.listen(signal);
    this.paintKey(data.lanes);
    for (const hidden of root.querySelectorAll("[data-tools]")) hidden.hidden = false;
    root.querySelector("[data-resting]").hidden = !data.lanes.some(({ calibrated }) => calibrated);
    this.rebuild();
    this.say();
    document.dispatchEvent(new CustomEvent("clock:ask"));
  }

  addLane(lane) {
    const fragment = this.root.querySelector("template").content.cloneNode(true);
    const section = fragment.querySelector("section");
    const find = (name) => section.querySelector(`[data-${name}]`);
    find("label").textContent = lane.label;
    find("role").textContent = ROLE_SHORT[lane.role] ?? lane.role;
    find("role").title = lane.role;
    const { summary } = lane;
    find("rate").textContent = `Detection rate ${formatDetection(summary)}`;
    const box = find("chart");
    box.setAttribute("aria-label", `${lane.label}: position in the timeline`);
    this.root.querySelector("[data-lanes]").append(section);
    return { lane, classified: lane, box, reading: find("reading"), time: find("time"), shape: find("shape"), chart: null };
  }

  listen(signal) {
    const on = (target, name, handler) => target.addEventListener(name, handler, { signal });
    on(document, "clock", ({ detail }) => this.moveTo(detail.time_s));
    on(document, "theme", () => this.rebuild());
    for (const { box } of this.lanes) on(box, "keydown", (event) => this.seekByKey(event));
    for (const button of this.root.querySelectorAll("[data-emotion]")) {
      on(button, "click", (event) => this.toggle(button.dataset.emotion, event.shiftKey));
    }
    for (const button of this.root.querySelectorAll("[data-mode]")) on(button, "click", () => this.setMode(button));
    for (const button of this.root.querySelectorAll("[data-face]")) on(button, "click", () => this.setFace(button));
    on(this.root.querySelector("[data-zoom]"), "change", (event) => this.zoom(Number(event.target.value)));
    this.watcher = new ResizeObserver(() => this.resize());
    for (const { box } of this.lanes) this.watcher.observe(box);
  }

  seek(time_s) {
    const kept = clamp(time_s, this.span.from_s, Math.max(this.span.from_s, this.span.to_s - 0.01));
    this.moveTo(kept);
    document.dispatchEvent(new CustomEvent("seek", { detail: { time_s: kept } }));
  }

  seekByKey(event) {
    const step = KEY_STEPS[event.key];
    if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.seek(Number.isFinite(step) ? Math.floor(this.now_s) + step : step);
  }

  toggle(emotion, alone) {
    const { shown } = this.view;
    const only = shown.length === 1 && shown[0] === emotion;
    if (alone) this.view.shown = only ? [...EMOTIONS] : [emotion];
    else this.view.shown = EMOTIONS.filter((name) => (name === emotion) !== shown.includes(name));
    for (const button of this.root.querySelectorAll("[data-emotion]")) {
      button.setAttribute("aria-pressed", this.view.shown.includes(button.dataset.emotion));
    }
    this.rebuild();
  }

  setMode(pressed) {
    this.view.mode = pressed.dataset.mode;
    for (const button of this.root.querySelectorAll("[data-mode]")) {
      button.setAttribute("aria-pressed", button === pressed);
    }
    this.rebuild();
  }

  /** Show the seconds as they were classified, or with each person's resting face as neutral. */
  setFace(pressed) {
    for (const entry of this.lanes) {
      const calibrated = pressed.dataset.face === "resting" ? entry.classified.calibrated : null;
      entry.lane = { ...entry.classified, ...calibrated };
    }
    for (const button of this.root.querySelectorAll("[data-face]")) {
      button.setAttribute("aria-pressed", button === pressed);
    }
    this.said = null;
    this.rebuild();
    this.say();
  }

  zoom(width_s) {
    this.window = zoomWindow(width_s, this.now_s, this.span);
    for (const { chart } of this.lanes) chart?.zoom(this.window);
  }

  moveTo(time_s) {
    this.now_s = time_s;
    const next = followWindow(this.window, time_s, this.span);
    if (next && time_s < this.span.to_s) {
      this.window = next;
      for (const { chart } of this.lanes) chart?.zoom(next);
    }
    for (const { chart } of this.lanes) chart?.move(time_s);
    this.say();
  }

  /** The reading under the pointer, or else at the playhead, in words beside each lane's name. */
  say() {
    const time_s = this.hover_s ?? this.now_s;
    const whole = Math.floor(time_s);
    if (whole === this.said) return;
    this.said = whole;
    for (const { lane, box, reading, time, shape } of this.lanes) {
      const at = readingAt(lane, time_s);
      const words = at ? describeSecond(at) : "outside this recording";
      time.textContent = formatClock(time_s);
      reading.textContent = at?.emotion ? `${words} (${LETTERS[at.emotion]})` : words;
      shape.setAttribute("href", at?.emotion ? `#shape-${at.emotion}` : "");
      shape.parentElement.dataset.colour = at?.emotion ?? "";
      box.setAttribute("aria-valuemin", Math.floor(this.span.from_s));
      box.setAttribute("aria-valuemax", Math.ceil(this.span.to_s));
      box.setAttribute("aria-valuenow", Math.floor(this.now_s));
      box.setAttribute("aria-valuetext", `${formatClock(time_s)}, ${words}`);
    }
  }

  hover(time_s) {
    this.hover_s = time_s;
    this.say();
  }

  rebuild() {
    this.view.palette = readPalette();
    for (const entry of this.lanes) {
      entry.chart?.destroy();
      entry.height = entry.box.clientHeight;
      entry.chart = laneChart(entry.box, entry.lane, {
        view: this.view,
        window: this.window,
        hatched: entry.lane.role === "doctor",
        onHover: (time_s) => this.hover(time_s),
        onSeek: (time_s) => this.seek(time_s),
      });
      entry.chart.move(this.now_s);
    }
    this.paintKey(this.lanes.map(({ lane }) => lane));
  }

  resize() {
    if (this.lanes.some(({ box, height }) => box.clientHeight !== height)) this.rebuild();
    else for (const { chart } of this.lanes) chart?.resize();
  }

  /** The patterns of the statuses that occur here; those that do not occur stay out of the key. */
  paintKey(lanes) {
    const present = new Set(lanes.flatMap((lane) => lane.status));
    const ratio = devicePixelRatio || 1;
    for (const canvas of this.root.querySelectorAll("canvas[data-status]")) {
      canvas.parentElement.hidden = !present.has(canvas.dataset.status);
      canvas.width = 28 * ratio;
      canvas.height = 16 * ratio;
      const context = canvas.getContext("2d");
      paintStatus(context, canvas.dataset.status, [0, 0, canvas.width, canvas.height], this.view.palette, ratio);
    }
  }

  destroy() {
    this.watcher.disconnect();
    for (const { chart, box } of this.lanes) {
      chart?.destroy();
      box.closest("section").remove();
    }
  }
}
