import assert from "node:assert/strict";
import { test } from "node:test";

import { newHistory } from "../../frontend/static/js/lib/edits.js";
import {
  afterSave, columnsOf, inOrder, isItsBeginning, joinPieces, newSpan, opened, otherSpan, otherStyle, setEnd, setStart, spanAt, toSend, withSpan,
} from "../../frontend/static/js/lib/spans.js";

const WHOLE = 10_000_000;
const one = { id: 7, start_us: 1_000_000, end_us: 2_000_000, style: "mute" };
const other = { id: 8, start_us: 4_000_000, end_us: 5_000_000, style: "bleep" };

test("nothing between two times is no span", () => {
  assert.equal(newSpan(5, 5, WHOLE), null);
  assert.equal(newSpan(WHOLE, WHOLE + 9e6, WHOLE), null);
});

test("a span lies within the recording, in whichever order its ends are given", () => {
  assert.deepEqual(newSpan(3e6, -1e6, WHOLE), { id: null, start_us: 0, end_us: 3_000_000, style: "mute" });
  assert.equal(newSpan(9e6, 12e6, WHOLE).end_us, WHOLE);
});

test("an edge is moved, and never beyond the other one or the end", () => {
  assert.deepEqual(setStart(one, 1_500_000), { ...one, id: null, start_us: 1_500_000 });
  assert.equal(setStart(one, 3_000_000), one);
  assert.equal(setEnd(one, 500_000, WHOLE), one);
  assert.equal(setEnd(one, 12e6, WHOLE).end_us, WHOLE);
  assert.equal(setStart(one, -5).start_us, 0);
  assert.deepEqual(one, { id: 7, start_us: 1_000_000, end_us: 2_000_000, style: "mute" });
});

test("a beginning within a span, or long before it, is that of another one", () => {
  assert.ok(isItsBeginning(one, 1_000_000) && isItsBeginning(one, 800_000));
  assert.ok(!isItsBeginning(one, 1_800_000) && !isItsBeginning(one, 1_000_001));
  assert.ok(!isItsBeginning({ ...one, start_us: 9_000_000 }, 7_000_000));
});

test("a time that is no number changes nothing", () => {
  assert.equal(setStart(one, NaN), one);
  assert.equal(setEnd(one, NaN, WHOLE), one);
});

test("silence becomes a bleep and silence again, as a new row", () => {
  assert.deepEqual(otherStyle(one), { ...one, id: null, style: "bleep" });
  assert.equal(otherStyle(otherStyle(one)).style, "mute");
});

test("spans stay in order whatever is added, changed or left out", () => {
  assert.deepEqual(inOrder([]), []);
  assert.deepEqual(withSpan([other], null, one), [one, other]);
  const later = { ...one, start_us: 8_000_000, end_us: 9_000_000 };
  assert.deepEqual(withSpan([one, other], one, later), [other, later]);
  assert.deepEqual(withSpan([one, other], one, null), [other]);
});

test("what is at a time, before it and after it", () => {
  assert.equal(spanAt([one, other], 1_000_000), one);
  assert.equal(spanAt([one, other], 2_000_000), null);
  assert.equal(otherSpan([other, one], 0), one);
  assert.equal(otherSpan([other, one], 1_000_000), other);
  assert.equal(otherSpan([other, one], 9_000_000, true), other);
  assert.equal(otherSpan([], 0), null);
});

test("a voice that was cut between two pieces is one again", () => {
  const first = joinPieces([], [[0, 1_000_000], [119_000_000, 120_000_000]]);
  assert.deepEqual(joinPieces(first, [[120_000_000, 121_000_000], [130_000_000, 131_000_000]]), [
    [0, 1_000_000], [119_000_000, 121_000_000], [130_000_000, 131_000_000],
  ]);
});

test("a voice told from before its piece on is one with all that it touches", () => {
  const first = [[0, 1_000_000], [117_500_000, 118_500_000], [118_900_000, 120_000_000]];
  assert.deepEqual(joinPieces(first, [[118_400_000, 121_520_000]]), [[0, 1_000_000], [117_500_000, 121_520_000]]);
  assert.deepEqual(joinPieces([[0, 1_000_000]], [[119_800_000, 121_520_000]]), [[0, 1_000_000], [119_800_000, 121_520_000]]);
});

test("each column shows the loudest of its time, and nothing after the end", () => {
  const sound = { levels: [1, 9, 3, 4], step_us: 100 };
  assert.deepEqual(columnsOf(sound, 0, 400, 2), [9, 4]);
  assert.deepEqual(columnsOf(sound, 0, 400, 8), [1, 1, 9, 9, 3, 3, 4, 4]);
  assert.deepEqual(columnsOf(sound, 300, 500, 2), [4, 0]);
  assert.deepEqual(columnsOf({ levels: [], step_us: 100 }, 0, 100, 1), [0]);
});

test("an unchanged span is sent by its id, a new one by the same key however often", () => {
  const fresh = newSpan(0, 1e6, WHOLE);
  const [kept, added] = toSend([one, fresh]);
  assert.equal(kept.client_key, null);
  assert.match(added.client_key, /^[0-9a-f]{32}$/);
  assert.equal(toSend([fresh])[0].client_key, added.client_key);
});

test("what is marked while saving stays to be saved", () => {
  const fresh = newSpan(0, 1e6, WHOLE);
  const sent = [fresh];
  const meanwhile = newSpan(2e6, 3e6, WHOLE);
  const history = { ...newHistory(sent), state: [fresh, meanwhile], past: [sent] };
  const told = [{ ...toSend(sent)[0], id: 4 }];
  const after = afterSave(history, sent, told);
  assert.deepEqual(after.saved, opened(told));
  assert.equal(after.became.get(fresh), after.saved[0]);
  assert.deepEqual(after.history.state.map(({ id }) => id), [4, null]);
});
