"""The codes of one package, drawn from its secret: no other package and no study code leads to them."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection
from typing import Final

from webapp.studies.services import CODE_ALPHABET

LENGTH: Final = 6
#: Wide enough that few people share one; from 90 on everybody is in the last.
BAND_YEARS: Final = 10
ADULT, OLDEST = 18, 90


def codes_of(code_key: str, prefix: str, ids: Collection[object]) -> dict[object, str]:
    """Return a code for each id: the same for the same secret and ids, in whatever order they come."""
    codes: dict[object, str] = {}
    taken: set[str] = set()
    for pk in sorted(ids, key=str):
        attempt = 0
        while (code := f"{prefix}-{_letters(code_key, f'{prefix}:{pk}:{attempt}')}") in taken:
            attempt += 1
        codes[pk] = code
        taken.add(code)
    return codes


def age_band(age: int | None) -> str:
    """Return the band of years that an age lies in, empty when it is not known.

    >>> age_band(17), age_band(18), age_band(34), age_band(90), age_band(None)
    ('0-17', '18-29', '30-39', '90+', '')
    """
    if age is None:
        return ""
    if age < ADULT:
        return f"0-{ADULT - 1}"
    if age >= OLDEST:
        return f"{OLDEST}+"
    first = age // BAND_YEARS * BAND_YEARS
    return f"{ADULT}-29" if age < 30 else f"{first}-{first + BAND_YEARS - 1}"


def _letters(code_key: str, message: str) -> str:
    number = int.from_bytes(hmac.new(bytes.fromhex(code_key), message.encode(), hashlib.sha256).digest())
    letters = ""
    for _ in range(LENGTH):
        number, place = divmod(number, len(CODE_ALPHABET))
        letters += CODE_ALPHABET[place]
    return letters
