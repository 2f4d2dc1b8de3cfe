import assert from "node:assert/strict";
import { test } from "node:test";

import {
  clockOf,
  correctDrift,
  followWindow,
  spanOf,
  toCamera,
  toClock,
  zoomWindow,
} from "../../frontend/static/js/lib/time.js";

test("a camera's offset is added to its own time", () => {
  assert.equal(toClock(10, { offset_ms: 1500 }), 11.5);
  assert.equal(toCamera(11.5, { offset_ms: 1500 }), 10);
});

test("a clock that runs slow by 100 ppm is 180 ms behind after half an hour", () => {
  const clock = { offset_ms: 640, drift_ppm: 100 };
  assert.ok(Math.abs(toClock(1800, clock) - 1800.82) < 1e-9);
  assert.ok(Math.abs(toCamera(1800.82, clock) - 1800) < 1e-9);
  assert.deepEqual(clockOf({ dataset: { offsetMs: "640.000", driftPpm: "100.000" } }), clock);
});

test("the span covers every video, also one that started earlier", () => {
  assert.deepEqual(spanOf([]), { from_s: 0, to_s: 0 });
  const videos = [
    { duration_s: 40, clock: { offset_ms: 0 } },
    { duration_s: 41, clock: { offset_ms: -2000 } },
  ];
  assert.deepEqual(spanOf(videos), { from_s: -2, to_s: 40 });
});

test("drift is ignored within a frame, leaned away when small and jumped when large", () => {
  assert.deepEqual(correctDrift(0.02, 1), { seek: false, rate: 1 });
  assert.deepEqual(correctDrift(0.1, 2), { seek: false, rate: 1.9 });
  assert.deepEqual(correctDrift(-0.1, 1), { seek: false, rate: 1.05 });
  assert.deepEqual(correctDrift(-2, 1), { seek: true, rate: 1 });
});

test("a zoomed window moves only when the moment leaves it", () => {
  const span = { from_s: 0, to_s: 100 };
  assert.equal(followWindow({ min: 0, max: 10 }, 9.9, span), null);
  assert.deepEqual(followWindow({ min: 0, max: 10 }, 10, span), { min: 9, max: 19 });
  assert.deepEqual(followWindow({ min: 0, max: 10 }, 99, span), { min: 90, max: 100 });
  assert.deepEqual(followWindow({ min: 50, max: 60 }, 0, span), { min: 0, max: 10 });
});

test("zooming centres on the moment and stays inside the recording", () => {
  const span = { from_s: 0, to_s: 100 };
  assert.deepEqual(zoomWindow(10, 50, span), { min: 45, max: 55 });
  assert.deepEqual(zoomWindow(10, 1, span), { min: 0, max: 10 });
  assert.deepEqual(zoomWindow(0, 50, span), { min: 0, max: 100 });
  assert.deepEqual(zoomWindow(500, 50, span), { min: 0, max: 100 });
});
