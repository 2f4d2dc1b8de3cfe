// A lane of the timeline JSON as the columns a chart draws. Second k covers [k, k + 1); a gap stays null.

import { EMOTIONS } from "./labels.js";

/** Index of the row that covers time_s, or -1. `seconds` ascends but need not start at 0 or be whole. */
export function rowAt(seconds, time_s) {
  let low = 0;
  let high = seconds.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (time_s < seconds[middle]) high = middle - 1;
    else if (time_s >= seconds[middle] + 1) low = middle + 1;
    else return middle;
  }
  return -1;
}

/** One second of a lane: {status, emotion, confidence}, or null outside of it. */
export function readingAt(lane, time_s) {
  const row = rowAt(lane.seconds, time_s);
  if (row < 0) return null;
  return { status: lane.status[row], emotion: lane.emotion[row], confidence: lane.confidence[row] };
}

/**
 * Neighbouring seconds that say the same: [{from_s, to_s, status, emotion}]. A hole in `seconds` ends a stretch, so
 * nothing is drawn over time for which there is no row.
 */
export function stretches(lane) {
  const found = [];
  for (let row = 0; row < lane.seconds.length; row += 1) {
    const from_s = lane.seconds[row];
    const status = lane.status[row];
    const emotion = status === "ok" ? lane.emotion[row] : null;
    const last = found.at(-1);
    if (last && last.to_s === from_s && last.status === status && last.emotion === emotion) last.to_s = from_s + 1;
    else found.push({ from_s, to_s: from_s + 1, status, emotion });
  }
  return found;
}

/** The times at which values may change, and the row that holds from each; -1 where no second follows at once. */
function edges(seconds) {
  const times = [];
  const rows = [];
  seconds.forEach((from_s, row) => {
    times.push(from_s);
    rows.push(row);
    if (seconds[row + 1] !== from_s + 1) {
      times.push(from_s + 1);
      rows.push(-1);
    }
  });
  return { times, rows };
}

const valueAt = (lane, emotion, row) => (row < 0 || lane.status[row] !== "ok" ? null : lane.probs[emotion][row]);

/** Columns of a chart whose value k holds until time k + 1: [times, ...one column per shown emotion]. */
export function lineColumns(lane, shown = EMOTIONS) {
  const { times, rows } = edges(lane.seconds);
  return [times, ...shown.map((emotion) => rows.map((row) => valueAt(lane, emotion, row)))];
}

/** The same, each column added to those before it, so that bands between them show every emotion's own share. */
export function stackedColumns(lane, shown = EMOTIONS) {
  const [times, ...columns] = lineColumns(lane, shown);
  for (let index = 1; index < columns.length; index += 1) {
    const below = columns[index - 1];
    columns[index] = columns[index].map((value, row) => (value === null ? null : value + below[row]));
  }
  return [times, ...columns];
}

/** From the first to the last second of any lane. */
export function laneSpan(lanes, duration_s = 0) {
  const starts = lanes.filter((lane) => lane.seconds.length).map((lane) => lane.seconds[0]);
  const ends = lanes.filter((lane) => lane.seconds.length).map((lane) => lane.seconds.at(-1) + 1);
  return { from_s: Math.min(0, ...starts), to_s: Math.max(duration_s, ...ends) };
}
