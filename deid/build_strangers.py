"""Read stranger_place.npz anew; needed when an identity network changes.

python -m deid.build_strangers FOLDER    # one picture or video each of real people; a minute on one core
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from deid.gallery import enrol_gallery, list_gallery
from deid.observe import DETECTOR_SIDE
from deid.recognisers import load_identifiers
from deid.strangers import PLACE_PATH, spread_of
from emotion.detect import CenterFace


def main() -> int:
    """Write the mean and the spread of the people of a folder, who are not told apart by that."""
    people = enrol_gallery(
        list_gallery(Path(sys.argv[1])),
        detector=CenterFace(max_side=DETECTOR_SIDE),
        identifiers=load_identifiers(),
        skips_unseen=True,
    )
    arrays: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]] = {}
    for name, rows in people.items():
        arrays |= {f"{name}/mean": rows.mean(axis=0), f"{name}/spread": np.array(spread_of(rows), np.float32)}
    np.savez_compressed(PLACE_PATH, allow_pickle=False, **arrays)
    return 0


if __name__ == "__main__":
    sys.exit(main())
