"""One registry of methods: what turns a frame and its covers into a frame that hides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol

from deid.cover import CoverPlan
from deid.errors import UnknownMethod
from deid.mask import MASKS, cover
from deid.observe import Faces
from emotion.types import Frame, Image, MediaPath, VideoInfo

DONORS_DRAWN: Final = ("swap", "avatar")
METHODS: Final = (*MASKS, *DONORS_DRAWN)


class Hider(Protocol):
    """Hides the faces of one recording, frame by frame in the order of time."""

    def prepare(
        self,
        source: MediaPath,
        found: Faces,
        plan: CoverPlan,
        video: VideoInfo,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        """Learn from the whole recording what the frames need; called before each time it is written."""
        ...

    def hide(self, frame: Frame, number: int, plan: CoverPlan) -> Image:
        """Return the frame with every cover of its row hidden; frame is not modified."""
        ...

    def details(self) -> dict[str, Any]:
        """Return what belongs into the record of the run."""
        ...


class MaskHider:
    """Box, blur or mosaic."""

    def __init__(self, method: str) -> None:
        self._method = method

    def prepare(
        self,
        source: MediaPath,
        found: Faces,
        plan: CoverPlan,
        video: VideoInfo,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        """Need nothing but the frame itself."""

    def hide(self, frame: Frame, number: int, plan: CoverPlan) -> Image:
        """Return the frame with its covers hidden."""
        return cover(frame.image_bgr, plan.boxes_px[plan.rows_of(number)], self._method)

    def details(self) -> dict[str, Any]:
        """Return nothing more: the method says it all."""
        return {}


def make_hider(
    method: str,
    weights_dir: Path | None = None,
    *,
    donor: str = "auto",
    seed: int = 0,
    neutral_s: float | None = None,
    device: str = "cpu",
) -> Hider:
    """Return what hides faces by a method.

    donor, seed, neutral_s: as in SwapHider, for the methods that put a face in place. Raises UnknownMethod,
    UnknownDonor, WeightsMissing, WeightsMismatch or DeviceUnavailable.
    """
    if method in MASKS:
        return MaskHider(method)
    if method in DONORS_DRAWN:
        from deid.swap import SwapHider

        avatar = method == "avatar"
        return SwapHider(
            weights_dir, donor=donor, seed=seed, neutral_s=neutral_s, device=device, avatar=avatar
        )
    raise UnknownMethod(f"expected a method of {', '.join(METHODS)}, got {method!r}")
