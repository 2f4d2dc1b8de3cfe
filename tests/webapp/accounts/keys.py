"""A passkey in software: what a browser and its authenticator would answer, honest unless told otherwise."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData

ORIGIN = "https://localhost"
HOST = "localhost"
FLAG = AuthenticatorData.FLAG


@dataclass
class Passkey:
    """origin and host: where the browser believes to be. handle: whose it is, known from its creation."""

    origin: str = ORIGIN
    host: str = HOST
    verifies: bool = True
    counter: int = 0
    handle: str = ""
    identifier: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def create(self, options: dict[str, Any]) -> str:
        """Return the answer to creation options as the form sends it."""
        self.handle = options["publicKey"]["user"]["id"]
        credential = AttestedCredentialData.create(
            bytes(16), self.identifier, ES256.from_cryptography_key(self.key.public_key())
        )
        data = self._data(FLAG.AT, credential)
        attestation = AttestationObject.create("none", data, {})
        return self._answer(
            clientDataJSON=self._client_data("webauthn.create", options), attestationObject=attestation
        )

    def get(self, options: dict[str, Any]) -> str:
        """Return the answer to request options, signed."""
        client_data, data = self._client_data("webauthn.get", options), self._data(FLAG(0), b"")
        signed = self.key.sign(data + sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(
            clientDataJSON=client_data,
            authenticatorData=data,
            signature=signed,
            userHandle=websafe_decode(self.handle),
        )

    def _data(self, flags: FLAG, credential: bytes) -> AuthenticatorData:
        flags |= FLAG.UP | (FLAG.UV if self.verifies else FLAG(0))
        return AuthenticatorData.create(sha256(self.host.encode()).digest(), flags, self.counter, credential)

    def _client_data(self, kind: str, options: dict[str, Any]) -> CollectedClientData:
        challenge = websafe_decode(options["publicKey"]["challenge"])
        return CollectedClientData.create(kind, challenge, self.origin)

    def _answer(self, **response: bytes) -> str:
        identifier = websafe_encode(self.identifier)
        parts = {name: websafe_encode(value) for name, value in response.items()}
        return json.dumps(
            {"id": identifier, "rawId": identifier, "type": "public-key", "response": parts}
            | {"clientExtensionResults": {}}
        )
