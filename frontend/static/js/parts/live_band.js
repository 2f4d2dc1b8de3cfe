// The last minute of one person as a quiet strip: a uPlot whose only picture is stretches of colour, letter and shape.

import { EMOTIONS } from "../lib/labels.js";
import { BAND_S, bandColumns, bandStretches } from "../lib/live.js";
import uPlot from "../../vendor/uplot.js";
import { paintStatus, paintStretch } from "./lane_paint.js";

function paint(u, { rows, palette, hatched }) {
  const ratio = uPlot.pxRatio;
  const { min, max } = u.scales.x;
  for (const { from_s, to_s, status, emotion } of bandStretches(rows)) {
    if (to_s <= min || from_s >= max) continue;
    const x = Math.max(u.valToPos(from_s, "x", true), u.bbox.left);
    const end = Math.min(u.valToPos(to_s, "x", true), u.bbox.left + u.bbox.width);
    const rect = [x, u.bbox.top, Math.max(end - x, ratio), u.bbox.height];
    if (emotion) paintStretch(u.ctx, emotion, rect, palette, { ratio, hatched });
    else if (status !== "not_analysed") paintStatus(u.ctx, status, rect, palette, ratio);
  }
}

/** Builds the band into `box`. view: {rows, palette, hatched}, read at every draw. */
export function liveBand(box, view) {
  const options = () => ({
    width: box.clientWidth,
    height: box.clientHeight,
    padding: [0, 0, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false, range: (_, min, max) => [min, max] }, y: { range: () => [0, 1] } },
    axes: [{ show: false }, { show: false }],
    series: [{}, ...EMOTIONS.map((emotion) => ({ label: emotion, paths: () => null, points: { show: false } }))],
    hooks: { draw: [(u) => paint(u, view)] },
  });
  let second = 0;
  const u = new uPlot(options(), bandColumns(view.rows, second, EMOTIONS), box);
  const watcher = new ResizeObserver(() => u.setSize({ width: box.clientWidth, height: box.clientHeight }));
  watcher.observe(box);
  return {
    show: (now_second) => {
      second = now_second;
      u.setData(bandColumns(view.rows, second, EMOTIONS), false);
      u.setScale("x", { min: second - BAND_S + 1, max: second + 1 });
    },
    destroy: () => {
      watcher.disconnect();
      u.destroy();
    },
  };
}
