import assert from "node:assert/strict";
import { test } from "node:test";

import { frameSeconds, inView, originFor, placeUnder } from "../../frontend/static/js/lib/loupe.js";

test("nothing beyond the picture is seen", () => {
  assert.deepEqual(inView([0.2, 0.9], 1), [0.5, 0.5]);
  assert.deepEqual(inView([0, 1], 2), [0.25, 0.75]);
  assert.deepEqual(inView([0.4, 0.6], 4), [0.4, 0.6]);
});

test("what is to be in the middle comes there", () => {
  const [zoom, centre] = [4, [0.3, 0.75]];
  const origin = originFor(centre, zoom);
  centre.forEach((share, side) => {
    assert.ok(Math.abs(origin[side] + zoom * (share - origin[side]) - 0.5) < 1e-9);
  });
  assert.deepEqual(originFor([0.125, 0.875], 4), [0, 1]);
  assert.deepEqual(originFor([0.1, 0.1], 1), [0.5, 0.5]);
});

test("a pointer finds the place that it is over", () => {
  assert.deepEqual(placeUnder([0.5, 0.5], [0.3, 0.7], 4), [0.3, 0.7]);
  assert.deepEqual(placeUnder([1, 0], [0.5, 0.5], 2), [0.75, 0.25]);
});

test("frames take the time that the file says", () => {
  assert.equal(frameSeconds("25"), 0.04);
  assert.ok(Math.abs(frameSeconds("30000/1001") - 0.033367) < 1e-5);
  assert.equal(frameSeconds(""), 0.04);
  assert.equal(frameSeconds("0/1"), 0.04);
});
