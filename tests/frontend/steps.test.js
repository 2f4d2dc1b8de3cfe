import assert from "node:assert/strict";
import { test } from "node:test";

import { traceBand, traceLine } from "../../frontend/static/js/lib/steps.js";

const scale = { x: (time) => time, y: (value) => value };

function recorded(trace, columns) {
  const steps = [];
  const path = {
    moveTo: (x, y) => steps.push(["M", x, y]),
    lineTo: (x, y) => steps.push(["L", x, y]),
    closePath: () => steps.push(["Z"]),
  };
  trace(path, { from: 0, to: columns.values.length - 1, ...columns }, scale);
  return steps;
}

test("no values draw nothing", () => {
  assert.deepEqual(recorded(traceLine, { times: [], values: [] }), []);
  assert.deepEqual(recorded(traceLine, { times: [0, 1], values: [null, null] }), []);
});

test("every value holds until the next time", () => {
  assert.deepEqual(recorded(traceLine, { times: [0, 1, 2], values: [0.25, 0.5, null] }), [
    ["M", 0, 0.25],
    ["L", 0, 0.25],
    ["L", 1, 0.25],
    ["L", 1, 0.5],
    ["L", 2, 0.5],
  ]);
});

test("a gap lifts the pen", () => {
  const steps = recorded(traceLine, { times: [0, 1, 2, 3], values: [1, null, 1, null] });
  assert.deepEqual(steps.filter(([kind]) => kind === "M"), [
    ["M", 0, 1],
    ["M", 2, 1],
  ]);
  assert.ok(steps.every(([, x]) => x <= 1 || x >= 2));
});

test("a band runs along its values and back along those below", () => {
  assert.deepEqual(recorded(traceBand, { times: [0, 1], values: [0.75, null], below: [0.5, null] }), [
    ["M", 0, 0.75],
    ["L", 0, 0.75],
    ["L", 1, 0.75],
    ["L", 1, 0.5],
    ["L", 0, 0.5],
    ["Z"],
  ]);
});
