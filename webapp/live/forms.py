"""The form that opens a live session."""

from __future__ import annotations

from typing import Any

from django import forms

from webapp.live.models import Mode
from webapp.studies.models import Arm


class OpenForm(forms.Form):
    """Asks for the mode; where the encounter is allocated to an arm, that has decided already."""

    mode = forms.ChoiceField(
        label="What the doctor sees",
        choices=Mode.choices,
        initial=Mode.SPARSE,
        help_text="Everything is kept alike in all of them, and the choice is logged.",
    )

    def __init__(self, *args: Any, arm: Arm | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if arm is not None:
            del self.fields["mode"]
