"""The form that opens a live session."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf.locale import LANG_INFO

from webapp.live.models import Mode
from webapp.live.services import DEFAULT_LANGUAGE
from webapp.studies.models import Arm


def language_name(code: str) -> str:
    """Return what speakers of a language call it, the code itself where that is not known.

    >>> language_name("de")
    'Deutsch'
    """
    return str(LANG_INFO.get(code.lower(), {}).get("name_local", code))


class OpenForm(forms.Form):
    """Asks for mode, language and calibration; an arm that the encounter is allocated to decides on the mode.

    languages: those of the study's rules.
    """

    mode = forms.ChoiceField(
        label="What the doctor sees",
        choices=Mode.choices,
        initial=Mode.SPARSE,
        help_text="Everything is kept alike in all of them, and the choice is logged.",
    )

    language = forms.ChoiceField(label="Language of the suggestions")
    calibrate = forms.BooleanField(
        label="Learn each person’s resting face",
        required=False,
        help_text="Some faces at rest are classified as sad or angry. From the first quiet seconds on, a "
        "person’s resting face then counts as neutral. What was classified without that is kept as well.",
    )

    def __init__(self, *args: Any, languages: Iterable[str], arm: Arm | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = [(one, language_name(one)) for one in languages]  # type: ignore[attr-defined]
        self.fields["language"].initial = DEFAULT_LANGUAGE
        if arm is not None:
            del self.fields["mode"]
