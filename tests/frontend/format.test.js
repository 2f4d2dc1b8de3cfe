import assert from "node:assert/strict";
import { test } from "node:test";

import {
  formatBytes,
  formatClock,
  formatPercent,
  formatRemaining,
  formatDetection,
  formatShare,
} from "../../frontend/static/js/lib/format.js";

const plain = (text) => text.replaceAll("\u00a0", " ");

test("clock times have hours only when there are hours", () => {
  const cases = [
    [0, "0:00"],
    [59.9, "0:59"],
    [62.4, "1:02"],
    [3661, "1:01:01"],
    [-3, "−0:03"],
    [Number.NaN, "–:––"],
  ];
  for (const [seconds, words] of cases) assert.equal(formatClock(seconds), words);
});

test("bytes read as decimal units with at most one digit", () => {
  const cases = [
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [5_242_880, "5.2 MB"],
    [99_960_000, "100 MB"],
    [999_900_000, "1.0 GB"],
  ];
  for (const [bytes, words] of cases) assert.equal(plain(formatBytes(bytes)), words);
});

test("time left is rough on purpose and silent when unknown", () => {
  const cases = [
    [null, ""],
    [Infinity, ""],
    [2, "a few seconds left"],
    [31, "about 40 s left"],
    [70, "about 1 min left"],
    [3600, "about 1.0 h left"],
  ];
  for (const [seconds, words] of cases) assert.equal(plain(formatRemaining(seconds)), words);
});

test("a share carries its denominator and is never 0 for want of data", () => {
  assert.equal(plain(formatShare(0.8213, 276)), "82 % of 276 s");
  assert.equal(formatShare(null, 276), "not measured");
  assert.equal(formatShare(0.5, 0), "not measured");
});

test("percentages do not round presence away nor absence in", () => {
  assert.deepEqual([0, 0.001, 0.5, 0.999, 1].map(formatPercent).map(plain), ["0 %", "< 1 %", "50 %", "> 99 %", "100 %"]);
});

test("detection is a share of the seconds that were to be classified", () => {
  const seconds = { ok: 4, no_face: 1, consent_withheld: 7 };
  assert.equal(plain(formatDetection({ detection_rate: 0.8, duration_s: 4.2, seconds })), "80 % of 5 s");
});
