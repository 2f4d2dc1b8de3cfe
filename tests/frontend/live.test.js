import assert from "node:assert/strict";
import { test } from "node:test";

import {
  addRows,
  bandColumns,
  bandStretches,
  cameraWords,
  detectionWords,
  latencyWords,
  lineWords,
  personWords,
} from "../../frontend/static/js/lib/live.js";

const on = { connected: true, fps: 9.5 };
const row = (second, emotion, status = "ok") => ({ second, status, emotion });

test("a person is shown by one word, and only when enough was seen", () => {
  assert.deepEqual(personWords(null, undefined), { word: "no camera yet", emotion: null, known: false });
  assert.equal(personWords({ emotion: "anger", enough: true }, { connected: false }).word, "camera away");
  assert.equal(personWords(null, on).word, "looking");
  assert.deepEqual(personWords({ emotion: null, enough: false, status: "ok" }, on), {
    word: "too little seen",
    emotion: null,
    known: false,
  });
  assert.equal(personWords({ emotion: null, enough: true, status: "irrelevant_face" }, on).word, "someone else’s face");
  assert.deepEqual(personWords({ emotion: "anger", enough: true, status: "ok" }, on), {
    word: "anger",
    emotion: "anger",
    known: true,
  });
});

test("a camera that is away shows no expression from before", () => {
  assert.equal(personWords({ emotion: "anger", enough: true }, { connected: false }).emotion, null);
});

test("what was not measured is said so, never 0", () => {
  assert.equal(detectionWords(null), "not measured");
  assert.match(detectionWords({ detection: 0.9, calibrated: true }), /measured from the face at rest$/);
  assert.equal(detectionWords({ detection: 0 }), "face seen in 0\u00a0% of the last 30 s");
  assert.equal(cameraWords({ connected: true, fps: 0.8 }), "1 picture per second");
  assert.equal(cameraWords(undefined), "camera away");
  assert.equal(cameraWords(on), "10 pictures per second");
});

test("the band keeps one minute and the newest row of each second", () => {
  let rows = addRows(new Map(), [row(1, "anger"), row(2, "anger")], 2);
  rows = addRows(rows, [row(2, "fear")], 61);
  assert.deepEqual([...rows.keys()], [2]);
  assert.equal(rows.get(2).emotion, "fear");
});

test("columns hold the whole minute with nothing where nothing was seen", () => {
  const rows = addRows(new Map(), [row(5, "anger"), row(6, null, "no_face")], 60);
  const [seconds, anger] = bandColumns(rows, 60, ["anger"]);
  assert.equal(seconds.length, 61);
  assert.equal(seconds[0], 1);
  assert.equal(anger[4], 1);
  assert.equal(anger[5], null);
});

test("a gap stays a gap and is not painted over", () => {
  const rows = addRows(new Map(), [row(7, "anger"), row(5, "anger"), row(8, "anger")], 10);
  assert.deepEqual(
    bandStretches(rows).map(({ from_s, to_s }) => [from_s, to_s]),
    [[5, 6], [7, 9]],
  );
  assert.deepEqual(bandStretches(new Map()), []);
});

test("the line says what goes on, the gravest first", () => {
  const now = { open: true, heard_ms: 0, now_ms: 100, mode: "sparse", silenced: false, ended: null };
  assert.equal(lineWords(now)[0], "Running.");
  assert.equal(lineWords({ ...now, silenced: true })[0], "Running. Suggestions are silenced.");
  assert.equal(lineWords({ ...now, mode: "none" })[0], "Running. In this session nothing is shown.");
  assert.match(lineWords({ ...now, now_ms: 9000 })[0], /Waiting for a camera/);
  assert.deepEqual(lineWords({ ...now, open: false })[1], "bad");
  assert.match(lineWords({ ...now, open: false, ended: "consent_withdrawn" })[0], /Consent was withdrawn/);
});

test("latency is told with its spread", () => {
  assert.equal(latencyWords({ p50_ms: 84.4, p95_ms: 142.6 }), "shown 84 ms after it happened (95 % within 143 ms)");
});
