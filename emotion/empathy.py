"""Seconds of doctor and patient -> sparse suggestions to the doctor, the same live and afterwards.

A pure state machine: `advance` takes a state and one second and returns the next state and at most one
suggestion. It knows no clock, no chance and no network, so a recording gives again what the live session
gave. What it may say stands in a table (empathy_table.py); here is only when.

Sparse prompts please more than continuous ones: Tanveer, Lin and Hoque (2015), Rhema, IUI 2015.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from emotion.empathy_table import SEVERITIES, Condition, Rule, RuleTable
from emotion.labels import EMOTIONS
from emotion.types import Second

NO_SUMS: Final = (0.0,) * len(EMOTIONS)
DIGITS: Final = 6
TOLERANCE: Final = 1e-9  # sums of the same numbers differ by less than this


@dataclass(frozen=True)
class Moment:
    """One second of an encounter: the doctor's and the patient's row, None without one.

    doctor_speaking: suggestions wait while it is true, where a microphone tells.
    """

    second: int
    doctor: Second | None = None
    patient: Second | None = None
    doctor_speaking: bool = False


@dataclass(frozen=True)
class Glimpse:
    """A second in which a face was classified."""

    second: int
    emotion: str
    probs: tuple[float, ...]


@dataclass(frozen=True)
class PersonState:
    """What is remembered of one person: recent glimpses, and the sums of all older ones as a baseline."""

    recent: tuple[Glimpse, ...] = ()
    older_sums: tuple[float, ...] = NO_SUMS
    older_s: int = 0

    def baseline(self, emotions: Sequence[str]) -> float:
        """Return the mean probability of the emotions together in the older seconds, 0 without any."""
        total = sum(self.older_sums[EMOTIONS.index(emotion)] for emotion in emotions)
        return total / self.older_s if self.older_s else 0.0


@dataclass(frozen=True)
class EmpathyState:
    """All that the next second depends on; small, and the same for the same seconds.

    first, last: seconds fed. given: second and rule of the suggestions that limits still look at.
    """

    first: int | None = None
    last: int | None = None
    doctor: PersonState = PersonState()
    patient: PersonState = PersonState()
    given: tuple[tuple[int, str], ...] = ()

    def person(self, who: str) -> PersonState:
        """Return the state of the doctor or the patient."""
        return self.doctor if who == "doctor" else self.patient


@dataclass(frozen=True)
class Evidence:
    """The seconds behind a suggestion; level: mean probability of the emotions in them, baseline: before."""

    who: str
    emotions: tuple[str, ...]
    seconds: tuple[int, ...]
    level: float
    baseline: float


@dataclass(frozen=True)
class Suggestion:
    """A rule that held. confidence: 0..1, the lowest level among its evidence."""

    second: int
    rule: Rule
    evidence: tuple[Evidence, ...]

    @property
    def confidence(self) -> float:
        """Return the lowest mean probability of what the conditions asked for."""
        return min(one.level for one in self.evidence)

    def as_dict(self, language: str = "en") -> dict[str, Any]:
        """Return plain values for summary.json and for a live page, with the text in one language."""
        text, text_language = self.rule.text_in(language)
        return {
            "second": self.second,
            "rule": self.rule.id,
            "text": text,
            "language": text_language,
            "framework": self.rule.framework,
            "citations": list(self.rule.citations),
            "severity": self.rule.severity,
            "confidence": round(self.confidence, DIGITS),
            "evidence": [
                {
                    "who": one.who,
                    "emotions": list(one.emotions),
                    "seconds": list(one.seconds),
                    "level": round(one.level, DIGITS),
                    "baseline": round(one.baseline, DIGITS),
                }
                for one in self.evidence
            ],
        }


def suggest(doctor: Sequence[Second], patient: Sequence[Second], table: RuleTable) -> tuple[Suggestion, ...]:
    """Return the suggestions of a whole encounter from rows on one clock; either person may have none."""
    state = EmpathyState()
    found: list[Suggestion] = []
    for moment in pair_moments(doctor, patient):
        state, suggestion = advance(state, moment, table)
        if suggestion is not None:
            found.append(suggestion)
    return tuple(found)


def pair_moments(doctor: Sequence[Second], patient: Sequence[Second]) -> Iterator[Moment]:
    """Yield a moment for every second that either has a row for, in the order of time."""
    doctors = {row.second: row for row in doctor}
    patients = {row.second: row for row in patient}
    for second in sorted(doctors.keys() | patients.keys()):
        yield Moment(second, doctors.get(second), patients.get(second))


def advance(state: EmpathyState, moment: Moment, table: RuleTable) -> tuple[EmpathyState, Suggestion | None]:
    """Return the state after one more second, and the suggestion to make now, if any.

    Seconds may be missing and then count as not seen. Raises ValueError for a second that is not later than
    the last one.
    """
    if state.last is not None and moment.second <= state.last:
        raise ValueError(f"expected a second after {state.last}, got {moment.second}")
    state = _remember(state, moment, table)
    if moment.doctor_speaking or _must_keep_silent(state, moment.second, table):
        return state, None
    suggestion = _choose(state, moment.second, table)
    if suggestion is None:
        return state, None
    return replace(state, given=(*state.given, (moment.second, suggestion.rule.id))), suggestion


def _remember(state: EmpathyState, moment: Moment, table: RuleTable) -> EmpathyState:
    kept_from = moment.second - max(table.limits.per_s, table.limits.refractory_s)
    return EmpathyState(
        first=moment.second if state.first is None else state.first,
        last=moment.second,
        doctor=_look(state.doctor, moment.second, moment.doctor, table.history_s),
        patient=_look(state.patient, moment.second, moment.patient, table.history_s),
        given=tuple(one for one in state.given if one[0] > kept_from),
    )


def _look(person: PersonState, second: int, row: Second | None, history_s: int) -> PersonState:
    glimpses = person.recent
    if row is not None and row.status == "ok" and row.emotion is not None:
        glimpses = (*glimpses, Glimpse(second, row.emotion, row.probs))
    gone = [glimpse for glimpse in glimpses if glimpse.second <= second - history_s]
    sums = person.older_sums
    for glimpse in gone:
        sums = tuple(total + prob for total, prob in zip(sums, glimpse.probs, strict=True))
    return PersonState(glimpses[len(gone) :], sums, person.older_s + len(gone))


def _must_keep_silent(state: EmpathyState, second: int, table: RuleTable) -> bool:
    limits = table.limits
    within = [given for given, _ in state.given if given > second - limits.per_s]
    return (
        state.first is None
        or second - state.first < limits.quiet_start_s
        or any(second - given < limits.refractory_s for given, _ in state.given)
        or len(within) >= limits.max_suggestions
    )


def _choose(state: EmpathyState, second: int, table: RuleTable) -> Suggestion | None:
    """Return the most severe rule that holds; among equals the one longest not given, then the first."""
    holding = [
        Suggestion(second, rule, evidence)
        for rule in table.rules
        if (evidence := _evidence(state, second, rule, table)) is not None
    ]
    last_given = {rule_id: given for given, rule_id in state.given}
    return min(
        holding,
        key=lambda one: (
            -SEVERITIES.index(one.rule.severity),
            one.rule.id in last_given,
            last_given.get(one.rule.id, 0),
        ),
        default=None,
    )


def _evidence(state: EmpathyState, second: int, rule: Rule, table: RuleTable) -> tuple[Evidence, ...] | None:
    found: list[Evidence] = []
    for condition in rule.when:
        person = state.person(condition.who)
        one = _persisting(person, second, condition) if _well_seen(person, second, table) else None
        if one is None:
            return None
        found.append(one)
    return tuple(found)


def _well_seen(person: PersonState, second: int, table: RuleTable) -> bool:
    limits = table.limits
    window_from = second - limits.detection_window_s
    seen = sum(glimpse.second > window_from for glimpse in person.recent)
    return (
        seen >= limits.min_detection * limits.detection_window_s and person.older_s >= limits.min_baseline_s
    )


def _persisting(person: PersonState, second: int, condition: Condition) -> Evidence | None:
    """Return the seconds that meet a condition, None when there are too few of them."""
    baseline = person.baseline(condition.shows)
    levels = {
        glimpse.second: level
        for glimpse in person.recent
        if glimpse.second > second - condition.of_last
        and glimpse.emotion in condition.shows
        and glimpse.probs[EMOTIONS.index(glimpse.emotion)] >= condition.min_confidence
        and (level := _level(glimpse, condition)) >= baseline + condition.above_baseline - TOLERANCE
    }
    if len(levels) < condition.at_least:
        return None
    return Evidence(
        condition.who, condition.shows, tuple(levels), sum(levels.values()) / len(levels), baseline
    )


def _level(glimpse: Glimpse, condition: Condition) -> float:
    return sum(glimpse.probs[EMOTIONS.index(emotion)] for emotion in condition.shows)
