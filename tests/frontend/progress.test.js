import assert from "node:assert/strict";
import { test } from "node:test";

import { describeJob, finalReason, signature, spokenJob } from "../../frontend/static/js/lib/progress.js";

const plain = (text) => text.replaceAll("\u00a0", " ");
const state = { recordings: [], jobs: [], run: null };
const job = { id: "a", label: "Analyse", state: "running", progress: 0.2, remaining_s: 70, message: "looking at faces" };

test("progress alone leaves the signature as it is, a change of state does not", () => {
  const running = signature({ ...state, jobs: [job] });
  assert.equal(signature({ ...state, jobs: [{ ...job, progress: 0.9 }] }), running);
  assert.notEqual(signature({ ...state, jobs: [{ ...job, state: "done" }] }), running);
  assert.notEqual(signature({ ...state, run: { id: "r" } }), signature(state));
  const outdated = { ...state, run: { id: "r", current: false } };
  assert.notEqual(signature({ ...state, run: { id: "r", current: true } }), signature(outdated));
});

test("the order of jobs does not matter to the signature", () => {
  const other = { ...job, id: "b" };
  assert.equal(signature({ ...state, jobs: [job, other] }), signature({ ...state, jobs: [other, job] }));
});

test("a running job says how far, how long and what; others say their message", () => {
  assert.equal(plain(describeJob(job)), "20 % · about 1 min left · looking at faces");
  assert.equal(plain(describeJob({ ...job, remaining_s: null, message: "" })), "20 %");
  assert.equal(describeJob({ ...job, state: "failed", message: "The video stops." }), "The video stops.");
});

test("listeners hear changes of state and every quarter, not every percent", () => {
  assert.equal(spokenJob(job, { ...job, state: "queued" }), "Analyse: running.");
  assert.equal(spokenJob({ ...job, progress: 0.21 }, job), "");
  assert.equal(plain(spokenJob({ ...job, progress: 0.5 }, job)), "Analyse: 50 %.");
});

test("only refusals close the socket for good", () => {
  assert.match(finalReason(4401), /signed out/);
  assert.equal(finalReason(1006), null);
});
