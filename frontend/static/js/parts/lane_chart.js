// One person's lane as a uPlot chart: strip of classified seconds on top, seven probabilities below.

import { formatClock } from "../lib/format.js";
import { lineColumns, stackedColumns, stretches } from "../lib/lanes.js";
import { traceBand, traceLine } from "../lib/steps.js";
import { TIME_STEPS } from "../lib/time.js";
import uPlot from "../../vendor/uplot.js";
import { paintHatch, paintMarks, paintNote, paintStatus, paintStretch } from "./lane_paint.js";

const STRIP = 26;
const AXIS = 26;
const LEFT = 48;
const RIGHT = 24;

/** The y value that lies at the upper edge, so that the strip keeps its height above 1. */
const topOf = (height) => 1 + (STRIP + 6) / (height - AXIS - 4 - STRIP - 6);

function pathsOf(stacked) {
  return (u, index, from, to) => {
    const scale = { x: (time_s) => u.valToPos(time_s, "x", true), y: (value) => u.valToPos(value, "y", true) };
    const stroke = new Path2D();
    const fill = new Path2D();
    traceLine(stroke, { times: u.data[0], values: u.data[index], from, to }, scale);
    const below = index > 1 ? u.data[index - 1] : null;
    if (stacked) traceBand(fill, { times: u.data[0], values: u.data[index], below, from, to }, scale);
    return { stroke, fill, flags: 0 };
  };
}

function seriesOf(shown, { view, dashed }) {
  const stacked = view.mode === "stacked";
  const own = (emotion) => () => view.palette.emotion[emotion];
  return shown.map((emotion) => ({
    label: emotion,
    stroke: stacked ? () => view.palette.surface : own(emotion),
    fill: stacked ? own(emotion) : undefined,
    width: stacked ? 0.5 : 1.75,
    dash: dashed && !stacked ? [7, 4] : undefined,
    points: { show: false },
    paths: pathsOf(stacked),
  }));
}

function axesOf(view) {
  const common = {
    stroke: () => view.palette.muted,
    font: `11px ${view.palette.font}`,
    ticks: { show: false },
    border: { show: false },
  };
  return [
    {
      ...common,
      size: AXIS,
      gap: 6,
      space: 72,
      incrs: TIME_STEPS,
      values: (_, splits) => splits.map(formatClock),
      grid: { stroke: () => view.palette.line, width: 1 },
    },
    {
      ...common,
      size: LEFT,
      gap: 6,
      splits: () => [0, 0.5, 1],
      values: () => ["0 %", "50 %", "100 %"],
      grid: { stroke: () => view.palette.line, width: 1 },
    },
  ];
}

function paintStrip(u, { view, hatched, all }) {
  const ratio = uPlot.pxRatio;
  const top = u.bbox.top + ratio;
  const base = u.valToPos(1, "y", true);
  const pixel = (time_s) => u.valToPos(time_s, "x", true);
  const { min, max } = u.scales.x;
  u.ctx.save();
  u.ctx.beginPath();
  u.ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
  u.ctx.clip();
  for (const { from_s, to_s, status, emotion } of all) {
    if (to_s <= min || from_s >= max) continue;
    const x = Math.max(pixel(from_s), u.bbox.left);
    const width = Math.max(Math.min(pixel(to_s), u.bbox.left + u.bbox.width) - x, ratio);
    const rect = [x, top, width, STRIP * ratio];
    if (emotion) {
      paintStretch(u.ctx, emotion, rect, view.palette, { ratio, hatched });
      if (hatched && view.mode === "stacked") {
        paintHatch(u.ctx, [x, base, width, u.bbox.top + u.bbox.height - base], view.palette, ratio);
      }
    } else if (status !== "ok") paintStatus(u.ctx, status, rect, view.palette, ratio);
  }
  paintMarks(u, view.shown, { palette: view.palette, ratio, stacked: view.mode === "stacked" });
  for (const second of view.noted) paintNote(u.ctx, pixel(second + 0.5), top + STRIP * ratio, view.palette, ratio);
  u.ctx.restore();
}

function optionsOf({ box, view, hatched, onDraw, onHover }) {
  const height = box.clientHeight;
  return {
    width: box.clientWidth,
    height,
    padding: [4, RIGHT, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { show: false },
      sync: { key: "encounter", setSeries: false },
    },
    scales: {
      x: { time: false, range: (_, min, max) => [min, max] },
      y: { range: () => [0, topOf(height)] },
    },
    axes: axesOf(view),
    series: [{}, ...seriesOf(view.shown, { view, dashed: hatched })],
    hooks: {
      draw: [onDraw],
      setCursor: [(u) => onHover(u.cursor.left >= 0 ? u.posToVal(u.cursor.left, "x") : null)],
    },
  };
}

/**
 * Builds the chart into `box`. view: {mode, shown, palette, noted}, read at every draw. Returns {move, zoom, resize,
 * destroy}; `onHover(time_s|null)` and `onSeek(time_s)` report the pointer.
 */
export function laneChart(box, lane, { view, window: first, hatched, onHover, onSeek }) {
  const all = stretches(lane);
  const columns = view.mode === "stacked" ? stackedColumns(lane, view.shown) : lineColumns(lane, view.shown);
  const playhead = document.createElement("div");
  playhead.className = "playhead";
  let now_s = 0;
  const place = (u) => {
    const left = u.valToPos(now_s, "x");
    playhead.hidden = !(left >= -1 && left <= u.bbox.width / uPlot.pxRatio + 1);
    playhead.style.transform = `translateX(${left}px)`;
  };
  const onDraw = (u) => {
    paintStrip(u, { view, hatched, all });
    place(u);
  };
  const u = new uPlot(optionsOf({ box, view, hatched, onDraw, onHover }), columns, box);
  u.over.append(playhead);
  u.setScale("x", first);
  const stop = followPointer(u, onSeek);
  return {
    move: (time_s) => {
      now_s = time_s;
      place(u);
    },
    zoom: (window) => u.setScale("x", window),
    resize: () => u.setSize({ width: box.clientWidth, height: box.clientHeight }),
    destroy: () => {
      stop();
      u.destroy();
    },
  };
}

/** Pressing seeks, and so does moving while pressed: at most once per frame. */
function followPointer(u, onSeek) {
  const stop = new AbortController();
  const { signal } = stop;
  let pending = null;
  const seek = (event) => {
    const left = event.clientX - u.over.getBoundingClientRect().left;
    const time_s = u.posToVal(Math.min(Math.max(left, 0), u.over.clientWidth), "x");
    if (pending === null) requestAnimationFrame(() => {
      onSeek(pending);
      pending = null;
    });
    pending = time_s;
  };
  u.over.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    u.over.setPointerCapture(event.pointerId);
    seek(event);
  }, { signal });
  u.over.addEventListener("pointermove", (event) => {
    if (u.over.hasPointerCapture(event.pointerId)) seek(event);
  }, { signal });
  return () => stop.abort();
}
