import assert from "node:assert/strict";
import { test } from "node:test";

import { countInWords } from "../../frontend/static/js/lib/selection.js";

test("nothing ticked says what ticking is for, one and many agree with their verb", () => {
  assert.match(countInWords(0), /^Tick jobs/);
  assert.equal(countInWords(1), "1 job is ticked.");
  assert.equal(countInWords(12), "12 jobs are ticked.");
  assert.equal(countInWords(2, "participant"), "2 participants are ticked.");
});
