"""Faces that are means of several people: what each of them gives, and of whom one is made."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from webapp.core.encrypted_path import StoredFile
from webapp.engines.translating import translated
from webapp.engines.values import MadeContribution, MeanLook

if TYPE_CHECKING:
    from deid.groups import KSame

#: When a face was seen, in microseconds, and its box: left, top, right, bottom, in pixels.
Place = tuple[int, tuple[float, float, float, float]]


def contribute_face(
    source: StoredFile,
    destination: StoredFile,
    places: Sequence[Place],
    *,
    cancelled: Callable[[], bool],
) -> MadeContribution:
    """Write what the person who is seen at these places gives to a mean; of others nothing is taken.

    Raises AppError for what cannot be done, Stopped once cancelled() is true, OSError when the storage fails.
    """
    from deid.contribute import contribute
    from deid.contribution import write_contribution
    from webapp.engines.hiding import load_hiding_networks

    source.stat()
    with translated():
        made = contribute(source, hiding=load_hiding_networks(), places=places, cancelled=cancelled)
        write_contribution(made, destination)
    digest, size_bytes = hashlib.sha256(), 0
    with destination.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            size_bytes += len(block)
    return MadeContribution(made.digest, digest.hexdigest(), size_bytes)


def ks_of_means() -> tuple[int, int]:
    """Return how many people a mean is made of at least, and by default."""
    from deid.average import DEFAULT_K, LEAST_K

    return LEAST_K, DEFAULT_K


def look_of(look: MeanLook) -> KSame:
    """Return a look with everybody whose file can be read.

    Raises TooFewContributors, OSError when the storage fails.
    """
    from deid.contribution import read_contribution
    from deid.errors import InvalidContribution
    from deid.groups import make_look

    found = []
    for file in look.contributions:
        file.stat()
        with suppress(InvalidContribution):  # there are fewer then, which may be too few
            found.append(read_contribution(file))
    return make_look(sorted(found, key=lambda one: one.digest), look.k, look.worn)


def describe_look(look: KSame | None) -> dict[str, Any] | None:
    """Return a look as plain values; people by the digests of what they gave."""
    if look is None:
        return None
    from deid.nobody import KIND

    digests = sorted(one.digest for one in look.contributions)
    return {"kind": KIND, "k": look.k, "contributions": digests, "worn": list(look.worn)}
