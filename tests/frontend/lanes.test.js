import assert from "node:assert/strict";
import { test } from "node:test";

import { EMOTIONS } from "../../frontend/static/js/lib/labels.js";
import {
  laneSpan,
  lineColumns,
  readingAt,
  rowAt,
  stackedColumns,
  stretches,
} from "../../frontend/static/js/lib/lanes.js";

function laneOf(seconds, rows) {
  const ok = (row) => row !== null && typeof row === "object";
  return {
    seconds,
    status: rows.map((row) => (ok(row) ? "ok" : row)),
    emotion: rows.map((row) => (ok(row) ? Object.keys(row)[0] : null)),
    confidence: rows.map((row) => (ok(row) ? Object.values(row)[0] : null)),
    probs: Object.fromEntries(
      EMOTIONS.map((emotion) => [emotion, rows.map((row) => (ok(row) ? (row[emotion] ?? 0) : null))]),
    ),
  };
}

const empty = laneOf([], []);
const lane = laneOf([0, 1, 2, 5], [{ anger: 0.75, fear: 0.25 }, { anger: 1 }, "no_face", { fear: 1 }]);

test("an empty lane has no rows, no stretches and no columns of values", () => {
  assert.equal(rowAt([], 0), -1);
  assert.equal(readingAt(empty, 0), null);
  assert.deepEqual(stretches(empty), []);
  assert.deepEqual(lineColumns(empty, ["anger"]), [[], []]);
});

test("a row covers its second from its start to just before its end", () => {
  assert.deepEqual([-0.1, 0, 0.99, 1, 2.5, 3, 4.99, 5, 6].map((t) => rowAt(lane.seconds, t)), [-1, 0, 0, 1, 2, -1, -1, 3, -1]);
});

test("stretches join equal seconds and end at a hole in the rows", () => {
  assert.deepEqual(stretches(lane), [
    { from_s: 0, to_s: 2, status: "ok", emotion: "anger" },
    { from_s: 2, to_s: 3, status: "no_face", emotion: null },
    { from_s: 5, to_s: 6, status: "ok", emotion: "fear" },
  ]);
  assert.equal(stretches(laneOf([0, 2], ["no_face", "no_face"])).length, 2);
});

test("columns hold null over gaps, so that no line bridges them", () => {
  assert.deepEqual(lineColumns(lane, ["anger", "fear"]), [
    [0, 1, 2, 3, 5, 6],
    [0.75, 1, null, null, 0, null],
    [0.25, 0, null, null, 1, null],
  ]);
});

test("stacked columns add up to one where every emotion is shown", () => {
  const columns = stackedColumns(lane);
  assert.deepEqual(columns.at(-1), [1, 1, null, null, 1, null]);
});

test("columns leave the lane as it was", () => {
  const before = structuredClone(lane);
  stackedColumns(lane);
  stretches(lane);
  assert.deepEqual(lane, before);
});

test("the span reaches over all lanes and the stated duration", () => {
  assert.deepEqual(laneSpan([]), { from_s: 0, to_s: 0 });
  assert.deepEqual(laneSpan([empty, lane], 4.2), { from_s: 0, to_s: 6 });
  assert.deepEqual(laneSpan([{ seconds: [-2, -1] }], 4.2), { from_s: -2, to_s: 4.2 });
});
