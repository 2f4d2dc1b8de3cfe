import assert from "node:assert/strict";
import { test } from "node:test";

import {
  addFollowed, afterSave, boxAt, boxBetween, did, dragged, formatFine, frameAt, middleOf, newCover, newHistory, opened,
  otherMoment, redone, setBox, setEnd, setStart, toSend, undone, whyNoVersion,
} from "../../frontend/static/js/lib/covers.js";

const PICTURE = { width: 100, height: 80 };
const at = (x) => [x, 0, x + 10, 10];
const moving = { id: 7, keys: [[0, at(0)], [100, at(10)], [200, at(20)]], hand: [0], reason: "badge" };

test("a cover moves on a line between its keys and is nowhere else", () => {
  assert.deepEqual(boxAt(moving.keys, 150), at(15));
  assert.deepEqual(boxAt(moving.keys, 0), at(0));
  assert.equal(boxAt(moving.keys, 201), null);
});

test("a new cover holds for two seconds, or to the end", () => {
  assert.deepEqual(newCover(0, 9e6, at(0), "badge").keys, [[0, at(0)], [2_000_000, at(0)]]);
  assert.deepEqual(newCover(5, 5, at(0), "badge").keys, [[5, at(0)]]);
});

test("a correction moves what lies before it the more the nearer, and what lies after it as well", () => {
  const corrected = setBox(moving, 200, at(40));
  assert.deepEqual(corrected.keys, [[0, at(0)], [100, at(20)], [200, at(40)]]);
  assert.equal(corrected.id, null);
  const early = setBox(moving, 100, at(30));
  assert.deepEqual(early.keys, [[0, at(0)], [100, at(30)], [200, at(40)]]);
  assert.deepEqual(moving.keys[1], [100, at(10)]);
});

test("what a person set later stays where it is", () => {
  const twice = setBox({ ...moving, hand: [0, 200] }, 100, at(30));
  assert.deepEqual(twice.keys, [[0, at(0)], [100, at(30)], [200, at(20)]]);
});

test("a box set beyond the end makes the cover longer", () => {
  assert.deepEqual(setBox(moving, 300, at(50)).keys.at(-1), [300, at(50)]);
  assert.deepEqual(setBox(moving, 300, at(50)).keys[0], [0, at(0)]);
});

test("the first box can be set as well", () => {
  assert.deepEqual(setBox(moving, 0, at(5)).keys[0], [0, at(5)]);
});

test("a cover is cut or held at both ends", () => {
  assert.deepEqual(setStart(moving, 50).keys[0], [50, at(5)]);
  assert.deepEqual(setEnd(moving, 50).keys, [[0, at(0)], [50, at(5)]]);
  assert.deepEqual(setEnd(moving, 400).keys.at(-1), [400, at(20)]);
  assert.deepEqual(setEnd(moving, 0).keys, [[0, at(0)]]);
});

test("a way that was followed takes the place of what came after its first frame", () => {
  const followed = addFollowed(moving, [[100, at(10)], [140, at(60)]]);
  assert.deepEqual(followed.keys, [[0, at(0)], [100, at(10)], [140, at(60)]]);
  assert.deepEqual(followed.hand, [0, 100]);
});

test("a box is drawn from any corner, inside the picture, and not as a line", () => {
  assert.deepEqual(boxBetween([30, 40], [10, 20], PICTURE), [10, 20, 30, 40]);
  assert.deepEqual(boxBetween([-5, -5], [200, 200], PICTURE), [0, 0, 100, 80]);
  assert.equal(boxBetween([10, 10], [12, 40], PICTURE), null);
});

test("a box is moved as far as the picture goes, and by a corner", () => {
  assert.deepEqual(dragged([10, 10, 30, 30], [200, -50], PICTURE), [80, 0, 100, 20]);
  assert.deepEqual(dragged([10, 10, 30, 30], [5, 5], PICTURE, "se"), [10, 10, 35, 35]);
  assert.deepEqual(dragged([10, 10, 30, 30], [-5, -5], PICTURE, "nw"), [5, 5, 30, 30]);
  assert.deepEqual(dragged([10, 10, 30, 30], [-20, -20], PICTURE, "se"), [10, 10, 30, 30]);
});

test("what was done is taken back and done again, and forgotten by something new", () => {
  const twice = did(did(newHistory("a"), "b"), "c");
  assert.equal(undone(twice).state, "b");
  assert.equal(undone(undone(undone(twice))).state, "a");
  assert.equal(redone(undone(twice)).state, "c");
  assert.deepEqual(did(undone(twice), "d").future, []);
});

test("frames are found by their times and shown in the middle of them", () => {
  assert.deepEqual([0, 39, 40, 999].map((time) => frameAt([0, 40, 80], time)), [0, 0, 1, 2]);
  assert.equal(middleOf([0, 40_000, 80_000], 1), 0.06);
  assert.equal(middleOf([0, 40_000], 1), 0.06);
  assert.equal(middleOf([0], 0), 0);
});

test("the next and the last moment to look at are found from where one is", () => {
  const moments = [{ start_us: 10 }, { start_us: 50 }];
  assert.deepEqual([otherMoment(moments, 10), otherMoment(moments, 60), otherMoment([], 0)], [1, -1, -1]);
  assert.deepEqual([otherMoment(moments, 50, true), otherMoment(moments, 10, true)], [0, -1]);
});

test("times tell frames apart", () => {
  assert.equal(formatFine(62_400_000), "1:02.40");
  assert.equal(formatFine(0), "0:00.00");
});

/** What the server tells of covers that it was sent; it writes keys with dashes. */
function told(covers, firstId = 20) {
  return toSend(covers).map((one, index) => ({
    ...one, id: one.id ?? firstId + index, client_key: one.client_key?.replace(/^(.{8})/, "$1-") ?? null,
  }));
}

test("a new cover is sent by the same key each time, and a changed one by another", () => {
  const drawn = newCover(0, 9e6, at(0), "badge");
  const [{ client_key }] = toSend([drawn]);
  assert.match(client_key, /^[0-9a-f]{32}$/);
  assert.equal(toSend([drawn])[0].client_key, client_key);
  assert.notEqual(toSend([setBox(drawn, 0, at(1))])[0].client_key, client_key);
  assert.equal(toSend([moving])[0].client_key, null);
});

test("a save without anything done meanwhile begins a history with what there is", () => {
  const sent = [moving, newCover(0, 9e6, at(0), "badge")];
  const { saved, history, became } = afterSave(newHistory(sent), sent, told(sent));
  assert.equal(history.state, saved);
  assert.deepEqual(saved.map(({ id }) => id), [7, 21]);
  assert.equal(became.get(sent[1]), saved[1]);
});

test("what was drawn, changed and removed during a save is still there and not saved", () => {
  const [kept, changed, removed] = [1, 2, 3].map((x) => newCover(0, 9e6, at(x), `${x}`));
  const sent = [kept, changed, removed];
  const drawn = newCover(5, 9e6, at(9), "4");
  const after = setBox(changed, 0, at(30));
  const others = { id: 99, keys: moving.keys, reason: "of somebody else", client_key: null };
  const { saved, history } = afterSave(did(newHistory(sent), [kept, after, drawn]), sent, [...told(sent), others]);
  assert.notEqual(history.state, saved);
  assert.deepEqual(history.state.map(({ id, reason }) => [id, reason]), [
    [20, "1"], [null, "2"], [null, "4"], [99, "of somebody else"],
  ]);
  assert.deepEqual(history.state[1].keys[0], [0, at(30)]);
  assert.equal(undone(history).state, saved);
});

test("a removal that is taken back during its save is drawn anew", () => {
  const before = opened([{ id: 7, keys: moving.keys, reason: "badge" }]);
  const { history } = afterSave(newHistory(before), [], []);
  assert.deepEqual(history.state.map(({ id, reason }) => [id, reason]), [[null, "badge"]]);
});

test("another version is made only of what is saved, and only where something differs", () => {
  const none = { isDirty: false, ids: [], inside: [], isOther: false };
  assert.match(whyNoVersion(none), /^Nothing differs/);
  assert.match(whyNoVersion({ ...none, ids: [4, 7], inside: [7, 4] }), /^Nothing differs/);
  assert.match(whyNoVersion({ ...none, ids: [4], isDirty: true }), /^Save the covers/);
  assert.equal(whyNoVersion({ ...none, ids: [4] }), "");
  assert.equal(whyNoVersion({ ...none, inside: [4] }), "");
  assert.equal(whyNoVersion({ ...none, isOther: true }), "");
});
