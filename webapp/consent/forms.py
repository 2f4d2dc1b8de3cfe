"""The form in which a coordinator records what a participant decided."""

from __future__ import annotations

from typing import Any

from django import forms

from webapp.consent.models import Purpose
from webapp.studies.models import Participant

#: What each kind of participant is asked about; the doctor's expression is a purpose of its own.
ASKED: dict[Participant.Kind, list[Purpose]] = {
    Participant.Kind.PATIENT: [p for p in Purpose if p != Purpose.ANALYSE_DOCTOR],
    Participant.Kind.DOCTOR: [p for p in Purpose if p != Purpose.ANALYSE_PATIENT],
}


class ConsentTextForm(forms.Form):
    """A new version of the text that participants decide on."""

    text = forms.CharField(
        label="Text of the consent form",
        widget=forms.Textarea(attrs={"rows": 16}),
        max_length=50_000,
        help_text="As approved by the ethics board. Earlier versions stay as they were signed.",
    )


class DecisionsForm(forms.Form):
    """One yes or no per purpose, beginning with what is on file; for a newcomer nothing is ticked."""

    def __init__(self, *args: Any, participant: Participant, current: dict[str, bool], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for purpose in ASKED[Participant.Kind(participant.kind)]:
            self.fields[purpose.value] = forms.BooleanField(
                label=purpose.label, required=False, initial=current.get(purpose.value, False)
            )

    def changes(self, current: dict[str, bool]) -> dict[str, bool]:
        """Return the purposes whose answer differs from what is on file, or that were never answered."""
        return {
            purpose: answer for purpose, answer in self.cleaned_data.items() if current.get(purpose) != answer
        }
