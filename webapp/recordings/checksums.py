"""The checksum extension of tus: `Upload-Checksum: sha256 <base64>`."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Final

from webapp.core.errors import Invalid

ALGORITHMS: Final = ("sha1", "sha256")


class Checksum:
    """What a chunk should hash to, and what it hashes to so far."""

    def __init__(self, algorithm: str, expected: bytes) -> None:
        self._expected = expected
        self._hash = hashlib.new(algorithm, usedforsecurity=False)

    @staticmethod
    def parse(header: str) -> Checksum:
        """Return the checksum that a header announces. Raises Invalid for an unknown algorithm or broken
        base64.
        """
        algorithm, _, encoded = header.strip().partition(" ")
        if algorithm not in ALGORITHMS:
            raise Invalid(f"Expected a checksum of {' or '.join(ALGORITHMS)}, got “{algorithm[:20]}”.")
        try:
            return Checksum(algorithm, base64.b64decode(encoded, validate=True))
        except binascii.Error:
            raise Invalid("Expected the checksum in base64.") from None

    def update(self, piece: bytes) -> None:
        self._hash.update(piece)

    def matches(self) -> bool:
        return hmac.compare_digest(self._hash.digest(), self._expected)
