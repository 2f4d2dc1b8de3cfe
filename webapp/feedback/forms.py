"""Forms of the doctor's feedback page and of the patient's tablet."""

from __future__ import annotations

from typing import Any

from django import forms

from webapp.feedback.care import ITEMS, RATINGS
from webapp.feedback.models import Note


class ReflectionForm(forms.Form):
    text = forms.CharField(
        label="How was it, from your side?",
        widget=forms.Textarea(attrs={"rows": 6}),
        required=False,
        max_length=20_000,
        help_text="Before any number: what went well, where did you hesitate, what may the patient have "
        "taken home? Only you can read this.",
    )


class NoteForm(forms.ModelForm[Note]):
    class Meta:
        model = Note
        fields = ("text", "second", "cue", "response")
        widgets = {
            "text": forms.Textarea(attrs={"rows": 3}),
            "second": forms.NumberInput(attrs={"min": 0, "step": 1}),
        }
        labels = {
            "text": "Note",
            "second": "At second",
            "cue": "What the patient expressed",
            "response": "How you responded",
        }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not any(data.get(name) for name in ("text", "cue", "response")):
            raise forms.ValidationError("Write a note or choose a code.")
        return data


class CareForm(forms.Form):
    """Ten questions with six answers each; every one is to be answered, also with “does not apply”."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number, words in enumerate(ITEMS, start=1):
            self.fields[f"item_{number}"] = forms.TypedChoiceField(
                label=f"The doctor {words}", choices=RATINGS, coerce=int, widget=forms.RadioSelect
            )

    def ratings(self) -> dict[int, int]:
        return {number: self.cleaned_data[f"item_{number}"] for number in range(1, len(ITEMS) + 1)}
