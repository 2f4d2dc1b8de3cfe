import assert from "node:assert/strict";
import { test } from "node:test";

import { latestOnly, nearest } from "../../frontend/static/js/lib/preview.js";

const moments = [{ time_us: 0 }, { time_us: 4e6 }, { time_us: 9e6 }];

test("the moment nearest to a time, of none there is none", () => {
  assert.equal(nearest([], 5), -1);
  assert.equal(nearest(moments, 0), 0);
  assert.equal(nearest(moments, 5e6), 1);
  assert.equal(nearest(moments, 60e6), 2);
});

test("while one is drawn only the latest wish waits", async () => {
  const drawn = [];
  let finish;
  const ask = latestOnly((wish) => {
    drawn.push(wish);
    return new Promise((resolve) => { finish = resolve; });
  });
  const first = ask("a");
  ask("b");
  ask("c");
  assert.deepEqual(drawn, ["a"]);
  finish();
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(drawn, ["a", "c"]);
  finish();
  await first;
  const again = ask("d");
  assert.deepEqual(drawn, ["a", "c", "d"]);
  finish();
  await again;
});
