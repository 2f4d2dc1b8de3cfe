import assert from "node:assert/strict";
import { test } from "node:test";

import { APART_S, correction } from "../../frontend/static/js/lib/follow.js";

test("a player that is near enough is left alone", () => {
  assert.equal(correction(3, 3), null);
  assert.equal(correction(3, 3 + APART_S / 2), null);
});

test("a player that lags or leads is sent to the other's time", () => {
  assert.equal(correction(3, 2.5), 3);
  assert.equal(correction(3, 3.5), 3);
});
