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


class WithdrawalForm(forms.Form):
    """Which purposes end, and the participant's code as the word that it is meant."""

    purposes = forms.MultipleChoiceField(
        label="What the participant withdraws",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose what is withdrawn."},
    )
    code = forms.CharField(max_length=40, required=False)

    def __init__(
        self, *args: Any, participant: Participant, in_force: list[str], confirming: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._code = participant.code
        purposes = self.fields["purposes"]
        assert isinstance(purposes, forms.MultipleChoiceField)
        purposes.choices = [(one.value, one.label) for one in Purpose if one.value in in_force]
        self.fields["code"].label = f"Type {participant.code} to confirm"
        if not confirming:
            del self.fields["code"]

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"].strip().upper()
        if code != self._code:
            raise forms.ValidationError(
                f"Type the code {self._code} exactly, so that nothing is erased by mistake."
            )
        return code

    def chosen(self) -> list[str]:
        """Return the chosen purposes, also while the code is not right yet."""
        if not self.is_bound:
            return []
        self.is_valid()
        found: list[str] = self.cleaned_data.get("purposes", [])
        return found
