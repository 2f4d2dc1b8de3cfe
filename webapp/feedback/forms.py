"""Forms of the doctor's feedback page and of the patient's tablet."""

from __future__ import annotations

from typing import Any

from django import forms

from webapp.feedback.care import ITEMS, RATINGS
from webapp.feedback.models import Comment, Note


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
    """A private note, or words to share: then it becomes a comment."""

    SHARED = "shared"
    readers = forms.ChoiceField(
        label="Who can read it",
        choices=(("", "Only you"), (SHARED, "Everybody who may see this encounter’s results")),
        required=False,
    )
    field_order = ("text", "second", "readers", "cue", "response")

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
        if data.get("readers") == self.SHARED:
            self._check_shared(data)
        return data

    @property
    def is_shared(self) -> bool:
        return bool(self.cleaned_data["readers"] == self.SHARED)

    def _check_shared(self, data: dict[str, Any]) -> None:
        if not data.get("text"):
            self.add_error("text", "Write what you want to share.")
        if "second" in data and (data["second"] is None or data["second"] < 0):
            self.add_error("second", "Choose the second that this is about, 0 or later.")
        if data.get("cue") or data.get("response"):
            self.add_error("readers", "Codes stay private. Share the words without a code.")


class CommentForm(forms.ModelForm[Comment]):
    class Meta:
        model = Comment
        fields: tuple[str, ...] = ("text",)
        widgets: dict[str, forms.Widget] = {"text": forms.Textarea(attrs={"rows": 3})}
        labels = {"text": "Comment"}


class AnswerForm(CommentForm):
    class Meta(CommentForm.Meta):
        fields = ("text", "second")
        widgets = CommentForm.Meta.widgets | {"second": forms.HiddenInput()}


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
