import assert from "node:assert/strict";
import { test } from "node:test";

import { boxOnScreen, containedRect, rowsNear, toleranceOf } from "../../frontend/static/js/lib/faces.js";

test("no samples means no boxes", () => {
  assert.deepEqual(rowsNear([], 100), []);
  assert.equal(toleranceOf([]), 150);
});

test("all faces of the nearest sample are found, and only of that", () => {
  const t_ms = [0, 200, 200, 400];
  assert.deepEqual(rowsNear(t_ms, 210), [1, 2]);
  assert.deepEqual(rowsNear(t_ms, 399), [3]);
  assert.deepEqual(rowsNear(t_ms, -20), [0]);
});

test("a box does not outlive its moment", () => {
  assert.deepEqual(rowsNear([0, 2000], 1000), []);
  assert.deepEqual(rowsNear([0, 2000], 500, 120), []);
});

test("tolerance is a little more than half the sampling step", () => {
  assert.equal(toleranceOf([0, 200, 200, 400, 600]), 120);
});

test("a picture of another shape is centred between bars", () => {
  assert.deepEqual(containedRect({ width: 400, height: 400 }, { width: 1600, height: 900 }), {
    x: 0,
    y: 87.5,
    width: 400,
    height: 225,
  });
  assert.deepEqual(containedRect({ width: 40, height: 30 }, { width: 0, height: 0 }), { x: 0, y: 0, width: 40, height: 30 });
});

test("boxes in parts of the frame land inside the picture", () => {
  const rect = { x: 0, y: 100, width: 400, height: 200 };
  assert.deepEqual(boxOnScreen([0.25, 0.5, 0.5, 0.5], rect), { x: 100, y: 200, width: 200, height: 100 });
});
