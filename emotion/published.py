"""The table of the paper from its own counts, and why its P value should not be taken at its word.

Yang et al. (2022), How Can Research on Artificial Empathy Be Enhanced by Applying Deepfakes?,
J Med Internet Res 24(3):e29506, doi:10.2196/29506, counted the seconds in which the faces of doctors and of
patients were classified as each emotion, and reported P < .001.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

#: As published: the seconds of the named emotions, and of how many they are a part.
DOCTOR_SECONDS: Final = {"sadness": 8580, "happiness": 7541, "anger": 629, "surprise": 436, "disgust": 201}
PATIENT_SECONDS: Final = {"happiness": 5766, "sadness": 5773, "surprise": 890, "anger": 126}
DOCTOR_TOTAL: Final = 17_397
PATIENT_TOTAL: Final = 12_606
#: Disgust is given for doctors alone, so it is compared together with whatever the totals leave over.
COMPARED: Final = ("anger", "happiness", "sadness", "surprise")
REMAINDER: Final = "disgust and others"
INDEPENDENCE_WARNING: Final = (
    "This test takes every second for an independent observation. Seconds of one face follow from one "
    "another and come from few people, so the P value is far too small. Compare encounters instead."
)


@dataclass(frozen=True)
class SecondsTable:
    """Seconds by emotion of doctors and patients with the chi-square test of independence.

    counts: emotion to (doctors, patients). cramers_v: 0..1, does not grow with the number of seconds.
    design_effect_at_001: how many seconds would have to count as one for P to reach .001.
    """

    counts: dict[str, tuple[int, int]]
    chi_square: float
    degrees_of_freedom: int
    p: float
    cramers_v: float
    design_effect_at_001: float
    warning: str = INDEPENDENCE_WARNING

    def p_if_one_in(self, design_effect: float) -> float:
        """Return P when only one second in design_effect counts: chi-square divided by it.

        The first-order correction of Rao and Scott (1981), doi:10.1080/01621459.1981.10477633.
        Raises ValueError for a design effect under 1.
        """
        if design_effect < 1:
            raise ValueError(f"expected a design effect of at least 1, got {design_effect}")
        return float(stats.chi2.sf(self.chi_square / design_effect, self.degrees_of_freedom))


def reproduce_published_table() -> SecondsTable:
    """Return the published table with its test: five rows, the last of them the remainder of the totals."""
    return compare_seconds(
        _with_remainder(DOCTOR_SECONDS, DOCTOR_TOTAL), _with_remainder(PATIENT_SECONDS, PATIENT_TOTAL)
    )


def compare_seconds(doctor: Mapping[str, int], patient: Mapping[str, int]) -> SecondsTable:
    """Return Pearson's chi-square for two distributions of seconds, for comparison with the paper alone.

    Emotions that neither shows are left out. Raises ValueError unless two emotions and both people are left.
    """
    names = [name for name in doctor if doctor[name] or patient.get(name, 0)]
    names += [name for name in patient if name not in doctor and patient[name]]
    counts = {name: (doctor.get(name, 0), patient.get(name, 0)) for name in names}
    observed = np.array(list(counts.values()), np.int64).reshape(-1, 2)
    if len(observed) < 2 or not observed.sum(axis=0).all():
        raise ValueError(f"expected seconds of two emotions or more for both people, got {counts}")
    done = stats.chi2_contingency(observed, correction=False)
    return SecondsTable(
        counts=counts,
        chi_square=float(done.statistic),
        degrees_of_freedom=int(done.dof),
        p=float(done.pvalue),
        cramers_v=float(np.sqrt(done.statistic / observed.sum())),
        design_effect_at_001=float(done.statistic / stats.chi2.isf(0.001, done.dof)),
    )


def _with_remainder(seconds: Mapping[str, int], total: int) -> dict[str, int]:
    named = {emotion: seconds[emotion] for emotion in COMPARED}
    return {**named, REMAINDER: total - sum(named.values())}
