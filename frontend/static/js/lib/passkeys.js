// What a server and navigator.credentials say to each other: bytes are base64url in JSON, buffers in the browser.

export function toBytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

export function toText(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const withBytes = (listed) => (listed ?? []).map((one) => ({ ...one, id: toBytes(one.id) }));

/** alone: whether the key shall sign in without a password, for which it must know whose it is and check the person. */
export function optionsToCreate({ publicKey }, alone) {
  return {
    publicKey: {
      ...publicKey,
      challenge: toBytes(publicKey.challenge),
      user: { ...publicKey.user, id: toBytes(publicKey.user.id) },
      excludeCredentials: withBytes(publicKey.excludeCredentials),
      authenticatorSelection: alone
        ? { ...publicKey.authenticatorSelection, residentKey: "required", requireResidentKey: true, userVerification: "required" }
        : publicKey.authenticatorSelection,
    },
  };
}

export function optionsToGet({ publicKey }) {
  const allowed = withBytes(publicKey.allowCredentials);
  return { publicKey: { ...publicKey, challenge: toBytes(publicKey.challenge), allowCredentials: allowed } };
}

const FIELDS = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];

/** A PublicKeyCredential as the JSON that WebAuthn level 3 describes; older browsers have no toJSON. */
export function credentialAsData(credential) {
  const present = FIELDS.filter((name) => credential.response[name]);
  return {
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    response: Object.fromEntries(present.map((name) => [name, toText(credential.response[name])])),
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

const SENTENCES = {
  NotAllowedError: "Nothing was done: it was cancelled, took too long, or no fitting passkey was found.",
  InvalidStateError: "This device already keeps a passkey for your account.",
  SecurityError: "Passkeys work under a host name with https, or on localhost; this address is neither.",
};

/** Why a ceremony ended, in one sentence. */
export const sentenceFor = (error) => SENTENCES[error.name] ?? `The passkey could not be used: ${error.message}`;
