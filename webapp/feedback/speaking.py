"""Who spoke when, for the doctor's page: shares, silences and a picture of the turns."""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final

from webapp.analysis.models import AnalysisRun
from webapp.analysis.queries import may_be_analysed

Values = dict[str, Any]
LABELS: Final = {"doctor": "You", "patient": "Patient"}
#: So much of a second must have been spoken to be drawn.
DRAWN_S: Final = 0.3


def speaking_of(run: AnalysisRun | None) -> Values | None:
    """Return the voices of a run, None where nothing was heard or somebody no longer agrees to be analysed:
    a microphone hears everybody.
    """
    found = run.summary.get("speech") if run else None
    if run is None or not found:
        return None
    if not all(may_be_analysed(run.encounter, camera) for camera in LABELS):
        return None
    first = found["first_second"]
    ends = [first + len(seconds) for seconds in found["spoken_by"].values()]
    return {
        "spoken_s": found["spoken_s"],
        "silences": found["silences"],
        "silent_s": sum(one["end_s"] - one["start_s"] for one in found["silences"]),
        "first_second": first,
        "length_s": max(ends, default=first) - first,
        "people": [
            {
                "label": label,
                "share": found["share"][camera],
                "spoken_s": found["share"][camera] * sum(map(sum, found["spoken_by"].values())),
                "turns": _turns(found["spoken_by"][camera]),
            }
            for camera, label in LABELS.items()
            if camera in found["share"]
        ],
    }


def _turns(seconds: list[float]) -> list[Values]:
    """Return where neighbouring seconds were spoken: start and length.

    >>> _turns([0.0, 0.9, 1.0, 0.1, 0.5])
    [{'start': 1, 'length': 2}, {'start': 4, 'length': 1}]
    """
    turns = []
    for spoken, group in groupby(enumerate(seconds), key=lambda one: one[1] >= DRAWN_S):
        places = [place for place, _ in group]
        if spoken:
            turns.append({"start": places[0], "length": len(places)})
    return turns
