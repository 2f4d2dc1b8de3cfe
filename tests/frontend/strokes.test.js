import assert from "node:assert/strict";
import { test } from "node:test";

import { stateInWords, strokesIn, toPad, withPoint } from "../../frontend/static/js/lib/strokes.js";

const RECT = { left: 10, top: 20, width: 500, height: 150 };

test("a point of the screen becomes a whole number on the pad, never outside of it", () => {
  assert.deepEqual(toPad(10, 20, RECT), [0, 0]);
  assert.deepEqual(toPad(260.2, 95, RECT), [500, 150]);
  assert.deepEqual(toPad(9999, -9999, RECT), [1000, 0]);
});

test("a point that barely moved is left out, and the strokes before stay as they are", () => {
  const strokes = [[[1, 1]], [[10, 10]]];
  assert.equal(withPoint(strokes, [11, 11]), strokes);
  assert.deepEqual(withPoint(strokes, [20, 10]), [[[1, 1]], [[10, 10], [20, 10]]]);
  assert.deepEqual(withPoint([[]], [0, 0]), [[[0, 0]]]);
});

test("an endless scribble ends", () => {
  const long = [Array.from({ length: 4000 }, (_, at) => [at % 1000, 0])];
  assert.equal(withPoint(long, [500, 200]), long);
});

test("what was drawn is said in words", () => {
  assert.match(stateInWords([]), /^Nothing/);
  assert.equal(stateInWords([[[1, 1]]]), "Drawn with 1 stroke.");
  assert.equal(stateInWords([[], []]), "Drawn with 2 strokes.");
});

test("a field that holds nonsense is an empty pad", () => {
  for (const text of ["", "null", "{", "7", "[1]"]) assert.deepEqual(strokesIn(text), []);
  assert.deepEqual(strokesIn("[[[1,2]]]"), [[[1, 2]]]);
});
