"""The form that opens a live session."""

from __future__ import annotations

from django import forms

from webapp.live.models import Mode


class OpenForm(forms.Form):
    mode = forms.ChoiceField(
        label="What the doctor sees",
        choices=Mode.choices,
        initial=Mode.SPARSE,
        help_text="The arm of the study. Everything is kept alike in all of them, and the choice is logged.",
    )
