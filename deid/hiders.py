"""One registry of methods: what turns a frame and its covers into a frame that hides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from deid.cover import CoverPlan
from deid.errors import UnknownMethod
from deid.groups import KSame
from deid.mask import MASKS, cover
from deid.observe import Faces
from deid.stretches import Stretch
from deid.watched import Watched
from emotion.types import Frame, Image, MediaPath

DONORS_DRAWN: Final = ("swap", "avatar")
METHODS: Final = (*MASKS, *DONORS_DRAWN)


class Hider(Protocol):
    """Hides the faces of one recording, in stretches and in any order of these.

    watches: it needs to see every stretch before it draws one. drawn: how many faces it has put in so far.
    """

    watches: bool
    drawn: int

    def watch(
        self,
        source: MediaPath,
        found: Faces,
        plan: CoverPlan,
        stretch: Stretch,
        cancelled: Callable[[], bool] | None,
    ) -> Watched:
        """Return what the faces of a stretch do."""
        ...

    def prepare(
        self, source: MediaPath, found: Faces, plan: CoverPlan, watched: Watched, known: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Learn what drawing needs from all that was watched; return what belongs into the record.

        known: what an earlier call returned, whose choices stay; empty the first time.
        """
        ...

    def hide(self, frame: Frame, number: int, plan: CoverPlan) -> Image:
        """Return the frame with every cover of its row hidden; frame is not modified. Called from several
        threads at once.
        """
        ...


class MaskHider:
    """Box, blur or mosaic: needs nothing but the frame itself."""

    watches = False
    drawn = 0

    def __init__(self, method: str) -> None:
        self._method = method

    def watch(
        self,
        source: MediaPath,
        found: Faces,
        plan: CoverPlan,
        stretch: Stretch,
        cancelled: Callable[[], bool] | None,
    ) -> Watched:
        """Return nothing: a mask does not follow a face."""
        return Watched.none(0)

    def prepare(
        self, source: MediaPath, found: Faces, plan: CoverPlan, watched: Watched, known: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return nothing more: the method says it all."""
        return {}

    def hide(self, frame: Frame, number: int, plan: CoverPlan) -> Image:
        """Return the frame with its covers hidden."""
        return cover(frame.image_bgr, plan.boxes_px[plan.rows_of(number)], self._method)


def make_hider(
    method: str,
    weights_dir: Path | None = None,
    *,
    donor: str = "auto",
    seed: int = 0,
    taken: tuple[str, ...] = (),
    in_study: bool = False,
    neutral_s: float | None = None,
    look: KSame | None = None,
    device: str = "cpu",
) -> Hider:
    """Return what hides faces by a method.

    donor, seed, taken, in_study, neutral_s, look: as in Task, for the methods that put a face in place.
    Raises UnknownMethod, also for a look with a method that has none, UnknownDonor, WeightsMissing,
    WeightsMismatch or DeviceUnavailable.
    """
    if look is not None and method != "swap":
        raise UnknownMethod(f"expected the method swap for a face made of other people's, got {method!r}")
    if method in MASKS:
        return MaskHider(method)
    if method in DONORS_DRAWN:
        from deid.donor_rules import DonorRules
        from deid.swap import SwapHider

        avatar = method == "avatar"
        rules = DonorRules(donor, seed, frozenset(taken), in_study)
        return SwapHider(
            weights_dir, rules=rules, neutral_s=neutral_s, device=device, avatar=avatar, look=look
        )
    raise UnknownMethod(f"expected a method of {', '.join(METHODS)}, got {method!r}")
