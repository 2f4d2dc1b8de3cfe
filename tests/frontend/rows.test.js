import assert from "node:assert/strict";
import { test } from "node:test";

import { rowAfter } from "../../frontend/static/js/lib/rows.js";

test("an empty table has no row to go to", () => {
  assert.equal(rowAfter("j", -1, 0, true), null);
});

test("j goes down and k up, and both stop at the ends", () => {
  assert.equal(rowAfter("j", -1, 3, false), 0);
  assert.equal(rowAfter("k", -1, 3, false), 2);
  assert.equal(rowAfter("j", 1, 3, true), 2);
  assert.equal(rowAfter("j", 2, 3, true), 2);
  assert.equal(rowAfter("k", 0, 3, true), 0);
});

test("arrows walk the table only from inside, so that the page still scrolls", () => {
  assert.equal(rowAfter("ArrowDown", -1, 3, false), null);
  assert.equal(rowAfter("ArrowDown", 0, 3, true), 1);
  assert.equal(rowAfter("ArrowUp", 2, 3, true), 1);
});

test("other keys do not move", () => {
  for (const key of ["l", "Enter", "Tab", "J"]) assert.equal(rowAfter(key, 0, 3, true), null);
});
