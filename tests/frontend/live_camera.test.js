import assert from "node:assert/strict";
import { test } from "node:test";

import {
  FASTEST_MS,
  betterOffset,
  describePace,
  frameMessage,
  intervalOf,
  maySend,
  newPace,
  nextPace,
  overWords,
  reconnectAfter,
  refusal,
} from "../../frontend/static/js/lib/live_camera.js";

const after = (pace, answers) => answers.reduce((now, round_ms) => nextPace(now, { round_ms, agreed_ms: 66 }), pace);

test("a message is eight bytes of time, the high byte first, and the picture", () => {
  const message = frameMessage(1_700_000_000_000_001, new Uint8Array([255, 216]).buffer);
  assert.deepEqual([...message], [0x00, 0x06, 0x0a, 0x24, 0x18, 0x1e, 0x40, 0x01, 255, 216]);
});

test("the quickest answer tells best how far the server's clock is ahead", () => {
  const slow = betterOffset(null, { sent_ms: 1000, received_ms: 1400, server_us: 6_300_000 });
  assert.deepEqual(slow, { round_ms: 400, offset_ms: 5100 });
  const quick = betterOffset(slow, { sent_ms: 2000, received_ms: 2020, server_us: 7_010_000 });
  assert.deepEqual(quick, { round_ms: 20, offset_ms: 5000 });
  assert.equal(betterOffset(quick, { sent_ms: 3000, received_ms: 3300, server_us: 0 }), quick);
});

test("late answers make a camera slower, then smaller", () => {
  const slow = after(newPace(), Array(12).fill(900));
  assert.ok(slow.interval_ms >= 400);
  assert.ok(slow.width < 640);
});

test("after a calm while it is as fast as before", () => {
  const slow = after(newPace(), Array(6).fill(900));
  const again = after(slow, Array(600).fill(40));
  assert.equal(again.interval_ms, FASTEST_MS);
  assert.ok(again.width >= 640);
});

test("the server's wish is kept, however quick its answers are", () => {
  const pace = nextPace(newPace(), { round_ms: 10, agreed_ms: 800 });
  assert.equal(intervalOf(pace), 800);
});

test("nothing is taken while something waits", () => {
  assert.ok(maySend({ unanswered: 0, buffered: 0 }));
  assert.ok(!maySend({ unanswered: 1, buffered: 0 }));
  assert.ok(!maySend({ unanswered: 0, buffered: 1 }));
});

test("a refused camera stays off, a lost one comes back", () => {
  for (const code of [4401, 4403, 4404, 4409, 4413, 4429]) assert.ok(refusal(code));
  for (const code of [1001, 1006, 1011, 4503]) assert.equal(refusal(code), null);
  assert.deepEqual([0, 1, 2, 3, 4, 50].map(reconnectAfter), [0.5, 1, 2, 4, 5, 5]);
});

test("an ended session says why", () => {
  assert.match(overWords("consent_withdrawn")[1], /Consent was withdrawn/);
  assert.match(overWords("ended")[1], /has ended/);
});

test("the pace is told in numbers", () => {
  assert.equal(
    describePace({ fps: 9.6, width: 640, round_ms: 41.2 }),
    "10 pictures per second, 640 pixels wide, answered after 41 ms",
  );
  assert.equal(describePace({ fps: 0, width: 640, round_ms: null }), "0 pictures per second, 640 pixels wide");
});
