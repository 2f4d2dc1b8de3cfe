"""Whose donor may be whose: the same for a person all the time, never the same for two people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from deid.donors import reserved_donors, study_donors
from deid.observe import Faces
from emotion.roles import IRRELEVANT


@dataclass(frozen=True)
class DonorRules:
    """donor: of the person whom the camera is pointed at, or "auto". seed, taken, in_study: as in Task."""

    donor: str = "auto"
    seed: int = 0
    taken: frozenset[str] = frozenset()
    in_study: bool = False

    def taken_from(self, is_main: bool, given: Iterable[str | None]) -> frozenset[str]:
        """Return the donors that somebody may not get. given: those of others in the same recording.

        >>> rules = DonorRules(taken=frozenset({"donor-1"}), in_study=True)
        >>> "donor-3" in rules.taken_from(True, []), "donor-3" in rules.taken_from(False, [])
        (True, False)
        """
        others = frozenset(name for name in given if name is not None)
        if not self.in_study:
            return self.taken | others
        return self.taken | others | (reserved_donors() if is_main else study_donors() | {self.donor})


def main_tracks(found: Faces, seen: Sequence[int]) -> list[int]:
    """Return which seen tracks are the person whom the camera is pointed at, the longest first."""
    roles = {one.track for one in found.roles if one.role != IRRELEVANT}
    lengths = {track.number: len(track.faces) for track in found.tracks}
    return sorted((one for one in seen if one in roles), key=lambda one: (-lengths[one], one))


def donor_of_same(
    main: Sequence[int], track: int, donors: Mapping[str, str | None]
) -> tuple[bool, str | None]:
    """Return whether a donor was chosen for another piece of the same person, and which.

    >>> donor_of_same([1, 4], 4, {"1": "donor-7"}), donor_of_same([1, 4], 2, {"1": "donor-7"})
    ((True, 'donor-7'), (False, None))
    """
    for one in main if track in main else ():
        if str(one) in donors:
            return True, donors[str(one)]
    return False, None
