"""Hide other people as the person was hidden: what somebody can do who has the method but not its secrets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import cv2
import numpy as np

from deid.donors import BANK_SIZE
from deid.errors import DeidError
from deid.gallery import LOOKED_S, largest, pictures_of
from deid.hiders import DONORS_DRAWN
from deid.observe import LOOK_FPS
from deid.pipeline import deidentify
from deid.recognisers import Identifier
from deid.restore import cover_face
from deid.task import Hiding, Task
from emotion.detect import FaceDetector
from emotion.media import read_frames, write_video
from emotion.types import Detections, Float, Image, MediaPath

SHOWN: Final = 13  # frames of each person; one second at the rate of an audit
READ_EVERY: Final = 3  # of these
STEP_US: Final = int(1_000_000 / LOOK_FPS)
NEARLY_LOSSLESS: Final = 12
LARGEST_SIDE: Final = 720

Shown = tuple[Image, Detections]


@dataclass(frozen=True)
class Rehearsal:
    """One person before and after, and under a box that leaves nothing of the face: embeddings of the same
    moments by identifier, (N, D) unit vectors, cut where the face was.
    """

    before: dict[str, Float]
    after: dict[str, Float]
    covered: dict[str, Float]


class Stage:
    """Where people are hidden one after the other; nothing of it is left."""

    def __init__(
        self,
        method: str,
        *,
        hiding: Hiding,
        detector: FaceDetector,
        identifiers: Sequence[Identifier],
        scratch: Callable[[str], MediaPath],
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        """scratch: returns where a file of a name may lie for a moment."""
        self._method, self._hiding, self._detector = method, hiding, detector
        self._identifiers, self._scratch, self._cancelled = identifiers, scratch, cancelled

    def rehearse_file(self, path: MediaPath, number: int) -> Rehearsal | None:
        """Return the person of a picture or video, None when they are not seen or the method gives up.

        number: of the person; another one gets other donors. Raises UnreadableVideo, and what rehearse does.
        """
        looked = islice(pictures_of(path, LOOK_FPS), int(LOOKED_S * LOOK_FPS))
        images = (_reduce(image) for image in looked)
        seen = ((image, largest(found)) for image in images if len(found := self._detector.detect(image)))
        return self.rehearse(list(islice(seen, SHOWN)), number)

    def rehearse(self, shown: Sequence[Shown], number: int, *, donors: int = 1) -> Rehearsal | None:
        """Return the same of frames of one size in which somebody was found.

        donors: how many are tried, where a method draws them. Raises OutputUnwritable, StorageFails,
        Cancelled, and for weights what make_hider raises.
        """
        if not shown:
            return None
        order = np.random.default_rng(0).permutation(BANK_SIZE)
        drawn = order[np.arange(number, number + donors) % BANK_SIZE]
        names = [f"donor-{donor}" for donor in drawn] if self._method in DONORS_DRAWN else ["auto"]
        read = shown[::READ_EVERY]
        rows: list[tuple[tuple[Image, Image, Image], Detections]] = []
        for name in names:
            hidden = self._hide(shown, name)
            for (image, face), result in zip(read, hidden[::READ_EVERY], strict=False):
                rows.append(((image, result, cover_face(image, face)), face))
        if not rows:
            return None
        before, after, covered = (
            self._embed([(images[at], face) for images, face in rows]) for at in range(3)
        )
        return Rehearsal(before, after, covered)

    def _embed(self, shown: Sequence[Shown]) -> dict[str, Float]:
        return {
            one.name: np.stack([one.embedder.embed(image, face)[0] for image, face in shown])
            for one in self._identifiers
        }

    def _hide(self, shown: Sequence[Shown], donor: str) -> list[Image]:
        """Return the frames as the method leaves them, none when it gives up."""
        source, output = self._scratch("shown.mp4"), self._scratch("hidden.mp4")
        images = [shown[0][0]] * 5 if len(shown) == 1 else [image for image, _ in shown]
        try:
            frames = ((at * STEP_US, image) for at, image in enumerate(images))
            write_video(source, frames, frame_rate=LOOK_FPS, crf=NEARLY_LOSSLESS)
            task = Task(self._method, donor=donor)
            deidentify(source, output, task, hiding=self._hiding, cancelled=self._cancelled)
            return [frame.image_bgr for frame in read_frames(output)]
        except DeidError:
            return []
        finally:
            for path in (source, output):
                path.unlink(missing_ok=True)


def reduce_sighting(image: Image, face: Detections) -> Shown:
    """Return a frame as small as those of the gallery are made, with the face in it."""
    small = _reduce(image)
    scale = small.shape[1] / image.shape[1]
    return small, Detections(face.boxes_px * scale, face.scores, face.points_px * scale)


def _reduce(image: Image) -> Image:
    scale = LARGEST_SIDE / max(image.shape[:2])
    if scale >= 1:
        return image
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
