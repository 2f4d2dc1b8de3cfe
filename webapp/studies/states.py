"""The life of a study as data: what each state allows, where it leads, and who may take it there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from django.db import models

from webapp.studies.roles import Need

#: enrol: new participants and encounters. consent: new agreements. record: files. process: analyses. share:
#: releases for other researchers. Withdrawal and erasure are on no list: they are possible in every state.
Activity = Literal["enrol", "consent", "record", "process", "share"]


class StudyState(models.TextChoices):
    DRAFT = "draft", "In review"
    APPROVED = "approved", "Approved"
    RECRUITING = "recruiting", "Recruiting"
    CLOSED = "closed", "Closed"
    ARCHIVED = "archived", "Archived"


@dataclass(frozen=True)
class StateRule:
    """says: what the state means, for the page. leads_to: the next states and the right that it takes."""

    says: str
    allows: frozenset[Activity]
    leads_to: dict[StudyState, Need] = field(default_factory=dict)


STATES: Final[dict[str, StateRule]] = {
    StudyState.DRAFT: StateRule(
        "Protocol and consent text are written or under review. Nobody is enrolled; what was recorded before "
        "stays usable as far as consent reaches.",
        frozenset({"process"}),
        {StudyState.APPROVED: "approve_study"},
    ),
    StudyState.APPROVED: StateRule(
        "The protocol is approved and may start. A change to protocol or consent text returns it to review.",
        frozenset({"process", "share"}),
        {StudyState.RECRUITING: "manage_study", StudyState.DRAFT: "manage_study"},
    ),
    StudyState.RECRUITING: StateRule(
        "Participants are enrolled and consultations recorded.",
        frozenset({"enrol", "consent", "record", "process", "share"}),
        {StudyState.CLOSED: "manage_study", StudyState.DRAFT: "manage_study"},
    ),
    StudyState.CLOSED: StateRule(
        "Nobody new is enrolled. Files of recorded consultations can still be added and analysed.",
        frozenset({"consent", "record", "process", "share"}),
        {StudyState.RECRUITING: "approve_study", StudyState.ARCHIVED: "approve_study"},
    ),
    StudyState.ARCHIVED: StateRule(
        "Nothing changes any more, apart from withdrawals and erasures.",
        frozenset(),
        {StudyState.CLOSED: "approve_study"},
    ),
}
#: In these states a change to the protocol or the consent text returns the study to review.
REVIEWED: Final = (StudyState.APPROVED, StudyState.RECRUITING, StudyState.CLOSED)
REFUSALS: Final[dict[Activity, str]] = {
    "enrol": "Nobody can be enrolled while the study is {state}. It must be recruiting.",
    "consent": "New consent cannot be recorded while the study is {state}.",
    "record": "Files cannot be added while the study is {state}.",
    "share": "No release is made while the study is {state}. Its protocol must be approved and not archived.",
    "process": "Nothing is analysed or de-identified while the study is {state}.",
}


def states_that_allow(activity: Activity) -> list[str]:
    return [state for state, rule in STATES.items() if activity in rule.allows]
