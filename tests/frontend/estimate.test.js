import assert from "node:assert/strict";
import { test } from "node:test";

import { estimateWords } from "../../frontend/static/js/lib/estimate.js";

const known = { lengths_s: { a: 60, b: 60 }, speeds: { swap: [0.5, true], box: [2, false] }, workers: 1 };

test("nothing chosen takes no time", () => {
  assert.match(estimateWords(known, [], "swap"), /^Choose/);
  assert.match(estimateWords(known, ["a"], "paint"), /^Choose/);
});

test("lengths are summed and divided by speed and workers, and the basis is named", () => {
  assert.equal(estimateWords(known, ["a", "b"], "swap"), "Takes about 4\u00a0min with 1 worker, by the latest jobs here.");
  assert.match(estimateWords({ ...known, workers: 2 }, ["a", "b"], "swap"), /about 2\u00a0min with 2 workers/);
  assert.match(estimateWords(known, ["a"], "box"), /by the benchmark/);
  assert.match(estimateWords({ ...known, workers: 0 }, ["a"], "box"), /No worker is running/);
});
