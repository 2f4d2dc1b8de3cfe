"""Faces of finished segments on disk, so that no work is done twice, and who is who once that is settled."""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from webapp.core.encrypted_path import StoredFile
from webapp.core.encryption import DamagedFile
from webapp.engines.values import SECOND_US, Source

if TYPE_CHECKING:
    from emotion.conclude import AnalysisOptions, EncounterAnalysis
    from emotion.people import Correction, People
    from emotion.samples import FaceSamples, Segment

DAMAGED = (DamagedFile, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error)
#: What finds faces and tells them apart, whichever model names the expressions.
FACE_NETWORKS = ("centerface", "identity")


def weights_of(model: str) -> dict[str, str]:
    """Return the sha256 by name of what a model's networks ship as. Opens none of them."""
    from emotion.recognise import describe_weights
    from emotion.weights import WEIGHTS

    weights = {one["name"]: one["sha256"] for one in describe_weights(model)}
    return weights | {name: WEIGHTS[name].sha256 for name in FACE_NETWORKS}


def weights_of_voices() -> dict[str, str]:
    from emotion.weights import WEIGHTS

    return {"voice": WEIGHTS["voice"].sha256}


def kept_segments(sources: Sequence[Source], model: str) -> KeptSegments:
    from emotion.conclude import AnalysisOptions

    return KeptSegments(sources, _key(model, weights_of(model), AnalysisOptions()))


class KeptSegments:
    """Finished segments on disk, one folder per recording, weights and options; a file is there whole or not
    at all.
    """

    def __init__(self, sources: Sequence[Source], key: str) -> None:
        self._folders = {source.camera: source.samples_dir / key for source in sources}
        together = sorted(str(source.samples_dir) for source in sources if source.path is not None)
        self._settled = f"people-{hashlib.sha256(json.dumps(together).encode()).hexdigest()[:16]}.npz"

    def settled(self, cameras: Iterable[str], said: dict[str, list[Correction]]) -> dict[str, People]:
        """Return the people of cameras that were settled before beside the very same recordings."""
        from emotion.settled import read_settled

        known: dict[str, People] = {}
        for camera in cameras:
            path = self._folders[camera] / self._settled
            with suppress(DamagedFile):
                people = read_settled(path, said.get(camera, ()), camera=camera)
                if people is not None:
                    known[camera] = people
        return known

    def settle(self, analysis: EncounterAnalysis) -> None:
        """Keep who is who without embeddings, and remove the segments that had them."""
        from emotion.settled import write_settled

        for camera in analysis.cameras:
            folder = self._folders[camera.camera]
            folder.mkdir(parents=True, exist_ok=True)
            write_settled(camera.found, camera.people, folder / self._settled, camera=camera.camera)
            for segment in folder.glob("[0-9]*.npz"):
                segment.unlink(missing_ok=True)

    def has(self, camera: str, segment: Segment) -> bool:
        return self._path(camera, segment).is_file()

    def remove(self, camera: str, segment: Segment) -> None:
        self._path(camera, segment).unlink(missing_ok=True)

    def load(self, camera: str, segment: Segment) -> FaceSamples | None:
        """Return what is kept of exactly this segment. One that the disk has damaged goes, so that it is
        computed again.
        """
        from emotion.samples import read_samples

        path = self._path(camera, segment)
        try:
            return read_samples(path)
        except (FileNotFoundError, *DAMAGED):
            path.unlink(missing_ok=True)
            return None

    def save(self, camera: str, segment: Segment, samples: FaceSamples) -> None:
        from emotion.samples import write_samples

        path = self._path(camera, segment)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_samples(samples, path)

    def _path(self, camera: str, segment: Segment) -> StoredFile:
        from emotion.sampling import LOOKING

        return self._folders[camera] / f"{segment.start_us // SECOND_US:06d}-{LOOKING}.npz"


def _key(model: str, weights: dict[str, str], options: AnalysisOptions) -> str:
    """Return a name that changes with everything that the faces of a segment depend on."""
    import emotion

    basis = [emotion.__version__, model, sorted(weights.items()), str(options.sample_fps), options.segment_us]
    return hashlib.sha256(json.dumps(basis).encode()).hexdigest()[:16]
