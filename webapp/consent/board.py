"""The state of consent in a study at a glance: participants by purposes, counted and filtered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from django import forms
from django.db.models import Case, CharField, Count, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from webapp.consent.asking import ASKED, asked_of
from webapp.consent.models import ConsentDecision, Purpose
from webapp.consent.queries import MARKED, OUTDATED, ending, reconsent_queue
from webapp.studies.access import Someone, visible_participants
from webapp.studies.lists import ListForm
from webapp.studies.models import Participant, Study

#: How a participant stands to a purpose, in the words of the filter and in those of a cell.
STATES = {"yes": "agreed", "no": "refused or withdrawn", "ended": "no longer valid", "never": "never asked"}
IN_A_CELL = {"yes": "yes", "no": "no", "ended": "ended", "never": "never asked"}

WHY_DUE = {"text": "for a newer text", "ending": "for it ends soon", "marked": "for they are marked"}


class BoardForm(ListForm):
    """What the board is narrowed to. The state is that of the chosen purpose, by default of recording."""

    SORTS: ClassVar[Mapping[str, tuple[str, ...]]] = {"": ("kind", "code"), "code": ("code",)}
    kind = forms.ChoiceField(choices=[("", "all"), *Participant.Kind.choices], required=False)
    purpose = forms.ChoiceField(choices=[("", Purpose.RECORD.label), *Purpose.choices[1:]], required=False)
    state = forms.ChoiceField(label="Answer", choices=[("", "any"), *STATES.items()], required=False)
    site = forms.ChoiceField(required=False)
    due = forms.ChoiceField(
        label="To be asked anew",
        choices=[("", "all"), ("yes", "only those"), *WHY_DUE.items()],
        required=False,
    )

    def found(self, user: Someone, study: Study) -> QuerySet[Participant]:
        """Return the participants that match, each with its state per purpose as `at_<purpose>`."""
        chosen = self.chosen()
        people = with_states(visible_participants(user, study))
        purpose = chosen.get("purpose", Purpose.RECORD.value)
        if state := chosen.get("state"):
            people = people.filter(_asked(purpose), **{f"at_{purpose}": state})
        if due := chosen.get("due"):
            why = {"text": OUTDATED, "ending": ending(), "marked": MARKED}.get(due, Q())
            people = people.filter(pk__in=reconsent_queue(study).filter(why).values("pk"))
        people = people.filter(**{name: chosen[name] for name in ("kind", "site") if name in chosen})
        for word in chosen.get("q", "").replace("\0", "").split():
            people = people.filter(code__icontains=word)
        return people.order_by(*self.order())


@dataclass(frozen=True)
class Cell:
    """How one participant stands to one purpose; state is empty where they are not asked about it."""

    state: str
    words: str
    version: int | None = None
    decided_on: date | None = None
    valid_until: date | None = None


@dataclass(frozen=True)
class Column:
    """A purpose with how many agreed, of those who are asked about it."""

    purpose: Purpose
    agreed: int
    asked: int


def with_states(people: QuerySet[Participant]) -> QuerySet[Participant]:
    return people.annotate(**{f"at_{purpose}": _state_of(purpose) for purpose in Purpose.values})


def columns_of(people: QuerySet[Participant]) -> list[Column]:
    """Return the counts over everybody who was found, not only over the page."""
    counts = people.order_by().aggregate(
        **{f"{one}_asked": Count("pk", filter=_asked(one)) for one in Purpose.values},
        **{
            f"{one}_yes": Count("pk", filter=_asked(one) & Q(**{f"at_{one}": "yes"}))
            for one in Purpose.values
        },
    )
    return [Column(one, counts[f"{one.value}_yes"], counts[f"{one.value}_asked"]) for one in Purpose]


def rows_of(people: Iterable[Participant]) -> list[tuple[Participant, list[Cell]]]:
    """Return each participant with a cell per purpose, in two queries however many they are."""
    people = list(people)
    newest: dict[tuple[int, str], ConsentDecision] = {}
    decisions = ConsentDecision.objects.filter(participant__in=people).select_related("form")
    for decision in decisions.order_by("decided_at", "pk"):
        newest[decision.participant_id, decision.purpose] = decision
    return [
        (one, [_cell(one, purpose, newest.get((one.pk, purpose.value))) for purpose in Purpose])
        for one in people
    ]


#: Columns of the file; a version and a day stand beside each answer.
EXPORTED = (
    *("participant", "kind", "site"),
    *(f"{one.value}{part}" for one in Purpose for part in ("", "_version", "_decided_on", "_valid_until")),
)


def exported_row(row: tuple[Participant, list[Cell]]) -> list[object]:
    participant, cells = row
    values: list[object] = [participant.code, participant.kind, participant.site or ""]
    for cell in cells:
        values += [
            cell.state or "not asked",
            cell.version or "",
            cell.decided_on or "",
            cell.valid_until or "",
        ]
    return values


def _cell(participant: Participant, purpose: Purpose, decision: ConsentDecision | None) -> Cell:
    if purpose not in asked_of(participant):
        return Cell("", "not asked about this")
    state: str = getattr(participant, f"at_{purpose.value}")
    if decision is None:
        return Cell(state, IN_A_CELL[state])
    decided_on = timezone.localtime(decision.decided_at).date()
    return Cell(state, IN_A_CELL[state], decision.form.version, decided_on, decision.valid_until)


def _state_of(purpose: str) -> Coalesce:
    ended = Q(valid_until__lt=timezone.localdate())
    newest = (
        ConsentDecision.objects.filter(participant=OuterRef("pk"), purpose=purpose)
        .order_by("-decided_at", "-pk")
        .annotate(
            state=Case(
                When(granted=False, then=Value("no")),
                When(ended, then=Value("ended")),
                default=Value("yes"),
                output_field=CharField(),
            )
        )
        .values("state")[:1]
    )
    return Coalesce(Subquery(newest), Value("never"), output_field=CharField())


def _asked(purpose: str) -> Q:
    return Q(kind__in=[kind.value for kind, purposes in ASKED.items() if purpose in purposes])
