import assert from "node:assert/strict";
import { test } from "node:test";

import { canRetry, explain } from "../../frontend/static/js/lib/upload_errors.js";
import { backoff, describe, idle, isSameFile, next } from "../../frontend/static/js/lib/uploads.js";

const plain = (text) => text.replaceAll("\u00a0", " ");
const run = (...events) => events.reduce(next, idle);
const choose = { type: "choose", name: "a.mp4", total: 10_000_000 };

test("an upload goes from choice over progress to its end", () => {
  const state = run(choose, { type: "progress", sent: 4_000_000, at_ms: 0 }, { type: "finish" });
  assert.equal(state.phase, "finished");
  assert.equal(state.sent, 10_000_000);
});

test("speed and time left are measured between reports", () => {
  const state = run(
    choose,
    { type: "progress", sent: 0, at_ms: 0 },
    { type: "progress", sent: 2_000_000, at_ms: 1000 },
    { type: "progress", sent: 4_000_000, at_ms: 2000 },
  );
  assert.equal(state.speed, 2_000_000);
  assert.equal(plain(describe(state)), "4.0 MB of 10.0 MB · 2.0 MB/s · a few seconds left");
});

test("speed starts anew after a pause instead of counting the pause", () => {
  const state = run(
    choose,
    { type: "progress", sent: 0, at_ms: 0 },
    { type: "progress", sent: 1_000_000, at_ms: 1000 },
    { type: "pause" },
    { type: "resume" },
    { type: "progress", sent: 1_000_000, at_ms: 60_000 },
  );
  assert.equal(state.speed, null);
});

test("a lost connection says so, keeps what was sent and goes on with the next progress", () => {
  const lost = run(choose, { type: "progress", sent: 5_000_000, at_ms: 0 }, { type: "lost", retry_s: 4 });
  assert.match(plain(describe(lost)), /^Connection lost at 5\.0 MB of 10\.0 MB\. Trying again in 4 s/);
  assert.equal(next(lost, { type: "progress", sent: 6_000_000, at_ms: 9000 }).phase, "sending");
});

test("events that make no sense change nothing", () => {
  assert.equal(next(idle, { type: "progress", sent: 1, at_ms: 0 }), idle);
  const finished = run(choose, { type: "finish" });
  assert.equal(next(finished, { type: "pause" }), finished);
});

test("waiting doubles up to half a minute", () => {
  assert.deepEqual([0, 1, 2, 5, 9].map(backoff), [1, 2, 4, 30, 30]);
});

test("only the same name and size continues an upload", () => {
  const begun = { filename: "a.mp4", size_bytes: 5 };
  assert.equal(isSameFile({ name: "a.mp4", size: 5 }, begun), true);
  assert.equal(isSameFile({ name: "a.mp4", size: 6 }, begun), false);
  assert.equal(isSameFile({ name: "b.mp4", size: 5 }, begun), false);
  assert.equal(isSameFile({ name: "Été 1.mp4", size: 5 }, { filename: "Été  1.mp4", size_bytes: 5 }), true);
});

test("the server's sentence wins, ours stands in, and nonsense does not break", () => {
  assert.equal(explain(413, '{"error":{"code":"too_large","message":"At most 4 GB."}}'), "At most 4 GB.");
  assert.equal(explain(415, "<html>"), "This is not a video that can be read.");
  assert.match(explain(0), /answered nothing/);
});

test("refusals end an upload, disturbances are waited out", () => {
  assert.deepEqual([0, 423, 429, 460, 500, 503].map(canRetry), Array(6).fill(true));
  assert.deepEqual([400, 403, 404, 413, 415, 507].map(canRetry), Array(6).fill(false));
});
