"""Forms of the study pages."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.db.models import F, QuerySet
from django.utils import timezone

from webapp.studies.access import Someone, site_of, visible_participants
from webapp.studies.models import Encounter, Participant, Study
from webapp.studies.queries import with_consent
from webapp.studies.services import PLANNED_AHEAD


def offer(form: forms.BaseForm, name: str, choices: QuerySet[Any], *, empty: str) -> None:
    """Let a field choose from what the study has; take it away where the study has none."""
    field = form.fields[name]
    assert isinstance(field, forms.ModelChoiceField)
    field.queryset, field.empty_label = choices, empty
    if not choices.exists():
        del form.fields[name]


class PersonField(forms.ModelChoiceField[Participant]):
    """A choice of people, those whose consent on file allows a recording first; the others are marked."""

    def label_from_instance(self, obj: Any) -> str:
        return str(obj) if obj.records else f"{obj} · no consent to the recording on file"


class EncounterForm(forms.ModelForm[Encounter]):
    class Meta:
        model = Encounter
        fields = ("doctor", "patient", "site", "arm", "held_on", "department")
        field_classes = {"doctor": PersonField, "patient": PersonField}
        widgets = {"held_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}
        help_texts = {
            "department": "For example “Cardiology”.",
            "arm": "Empty: one of those with the fewest encounters is drawn.",
            "site": "Empty: the patient’s.",
        }

    def __init__(self, *args: Any, study: Study, user: Someone, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = with_consent(visible_participants(user, study)).order_by(
            F("records").desc(nulls_last=True), "code"
        )
        offer(self, "site", study.sites.all(), empty="The patient’s site")
        offer(self, "arm", study.arms.all(), empty="Drawn by lot")
        if site_of(user, study) is not None:
            self.fields.pop("site", None)
        self._limit("doctor", people.filter(kind=Participant.Kind.DOCTOR))
        self._limit("patient", people.filter(kind=Participant.Kind.PATIENT))
        self.fields["held_on"].initial = timezone.localdate

    def _limit(self, name: str, people: Any) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = people
        field.empty_label = f"Choose a {name} …"
        if people.count() == 1:
            field.initial = people.first()

    def clean_held_on(self) -> datetime.date:
        held_on: datetime.date = self.cleaned_data["held_on"]
        if held_on > timezone.localdate() + PLANNED_AHEAD:
            raise forms.ValidationError("The consultation lies more than two years ahead.")
        return held_on
