import assert from "node:assert/strict";
import { test } from "node:test";

import {
  credentialAsData, optionsToCreate, optionsToGet, sentenceFor, toBytes, toText,
} from "../../frontend/static/js/lib/passkeys.js";

test("bytes survive the way to text and back, without letters that an address would change", () => {
  const bytes = Uint8Array.from([251, 255, 190, 0, 62]);
  assert.match(toText(bytes.buffer), /^[\w-]+$/);
  assert.deepEqual(toBytes(toText(bytes.buffer)), bytes);
  assert.equal(toText(new Uint8Array()), "");
});

test("a key that signs in alone must be found by itself and check the person; another need not", () => {
  const asked = { publicKey: { challenge: "AQ", user: { id: "Ag", name: "a" }, authenticatorSelection: { residentKey: "discouraged" } } };
  const alone = optionsToCreate(asked, true).publicKey;
  assert.equal(alone.authenticatorSelection.residentKey, "required");
  assert.equal(alone.authenticatorSelection.userVerification, "required");
  assert.deepEqual(alone.user, { id: Uint8Array.of(2), name: "a" });
  assert.deepEqual(alone.excludeCredentials, []);
  assert.equal(optionsToCreate(asked, false).publicKey.authenticatorSelection.residentKey, "discouraged");
});

test("allowed keys come as bytes", () => {
  const { publicKey } = optionsToGet({ publicKey: { challenge: "AQ", allowCredentials: [{ type: "public-key", id: "Aw" }] } });
  assert.deepEqual(publicKey.allowCredentials, [{ type: "public-key", id: Uint8Array.of(3) }]);
});

test("only what the answer holds is sent", () => {
  const credential = {
    id: "BA", rawId: Uint8Array.of(4).buffer, type: "public-key",
    response: { clientDataJSON: Uint8Array.of(5).buffer, userHandle: null },
    getClientExtensionResults: () => ({}),
  };
  assert.deepEqual(credentialAsData(credential).response, { clientDataJSON: "BQ" });
});

test("an end without a key is said in words", () => {
  assert.match(sentenceFor({ name: "NotAllowedError" }), /cancelled/);
  assert.match(sentenceFor({ name: "Error", message: "odd" }), /odd/);
});
