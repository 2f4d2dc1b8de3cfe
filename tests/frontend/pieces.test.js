import assert from "node:assert/strict";
import { test } from "node:test";

import { nextOffset, rangeFrom } from "../../frontend/static/js/lib/pieces.js";

test("pieces follow one another until the file is whole", () => {
  assert.equal(rangeFrom(0), "bytes=0-");
  assert.equal(nextOffset("bytes 0-3/10", 0, 10), 4);
  assert.equal(nextOffset("bytes 4-9/10", 4, 10), 10);
});

test("another piece, another file and no piece at all are refused", () => {
  for (const header of ["bytes 0-3/10", "bytes 4-9/11", "bytes 4-3/10", "bytes */10", "", null]) {
    assert.throws(() => nextOffset(header, 4, 10), /Expected the piece from byte 4 of 10/);
  }
});
