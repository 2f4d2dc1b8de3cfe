import assert from "node:assert/strict";
import { test } from "node:test";

import { hasMeaning, plainData } from "../../frontend/static/js/lib/forms.js";

test("nothing to send is an empty object", () => {
  assert.deepEqual(plainData([]), {});
});

test("an empty field is null, others stay as they were typed", () => {
  assert.deepEqual(plainData([["offset_ms", ""], ["role", "doctor"]]), { offset_ms: null, role: "doctor" });
});

test("a field with a scale becomes a whole number of smaller units", () => {
  assert.deepEqual(plainData([["at_ms", "1.25"]], { at_ms: 1000 }), { at_ms: 1250 });
});

test("a field means something when every condition holds, and one about a field without meaning holds", () => {
  assert.ok(hasMeaning("method:swap avatar;look:rendered", { method: "avatar" }));
  assert.ok(hasMeaning("method:swap avatar;look:rendered", { method: "swap", look: "rendered" }));
  assert.ok(!hasMeaning("method:swap avatar;look:rendered", { method: "swap", look: "k-same" }));
  assert.ok(!hasMeaning("method:swap", { method: "box" }));
});
