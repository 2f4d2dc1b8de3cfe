"""The form in which a coordinator records what a participant decided."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.utils import timezone

from webapp.consent.asking import asked_of
from webapp.consent.drawing import Stroke, read_strokes
from webapp.consent.models import Purpose
from webapp.consent.signing import MOST_BYTES, scan_suffix
from webapp.core.errors import Invalid
from webapp.studies.models import Participant

#: Languages that the copies have letters for.
LANGUAGES = [
    ("en", "English"),
    ("de", "Deutsch"),
    ("fr", "Français"),
    ("it", "Italiano"),
    ("es", "Español"),
    ("pt", "Português"),
    ("nl", "Nederlands"),
    ("pl", "Polski"),
    ("tr", "Türkçe"),
    ("uk", "Українська"),
    ("el", "Ελληνικά"),
]


#: What a purpose does not say by itself.
MEANS = {
    Purpose.ANALYSE_DOCTOR: "Nobody else sees it, unless the next is agreed to as well.",
    Purpose.SHOW_DOCTOR: "In pages, exports, figures of the study and releases.",
    Purpose.AVERAGE_FACE: "The average is shared in place of somebody else’s face, and is a little like "
    "everybody in it.",
}


class ConsentTextForm(forms.Form):
    """A new version of the text that participants decide on, or a translation of the newest."""

    text = forms.CharField(
        label="Text of the consent form",
        widget=forms.Textarea(attrs={"rows": 16}),
        max_length=50_000,
        help_text="As approved by the ethics board. Earlier versions stay as they were signed.",
    )
    language = forms.ChoiceField(choices=LANGUAGES, initial="en")
    kind = forms.ChoiceField(
        label="For whom",
        choices=[("", "Everybody"), *Participant.Kind.choices],
        required=False,
        help_text="Doctors are asked about their own expression; they may need a text of their own.",
    )
    translates = forms.BooleanField(label="This is the newest version in another language", required=False)


class DecisionsForm(forms.Form):
    """One yes or no per purpose, beginning with what is on file; for a newcomer nothing is ticked.

    Signed with initials or on paper, and countersigned with the coordinator's password.
    """

    signature = forms.CharField(
        label="Initials of the participant",
        max_length=8,
        required=False,
        help_text="Typed by the participant. Initials, not a name: names stay outside of this system.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    drawing = forms.JSONField(label="Signature", required=False, widget=forms.HiddenInput)
    scan = forms.FileField(
        label="Scan of the signed paper form",
        required=False,
        help_text="Instead of signing here. PDF, JPEG or PNG, at most 7 MB. Each look at it is recorded.",
    )
    valid_until = forms.DateField(
        label="Valid until",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Empty: until it is withdrawn.",
    )
    password = forms.CharField(
        label="Your own password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        help_text="You countersign that you were there and that the participant decided freely.",
    )

    def __init__(self, *args: Any, participant: Participant, current: dict[str, bool], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.purposes = [purpose.value for purpose in asked_of(participant)]
        for purpose in asked_of(participant):
            self.fields[purpose.value] = forms.BooleanField(
                label=purpose.label,
                required=False,
                initial=current.get(purpose.value, False),
                help_text=MEANS.get(purpose, ""),
            )

    def purpose_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.purposes]

    def other_fields(self) -> list[forms.BoundField]:
        return [field for field in self if field.name not in (*self.purposes, "signature", "drawing")]

    def clean_drawing(self) -> list[Stroke] | None:
        drawing = self.cleaned_data["drawing"]
        if not drawing:
            return None
        try:
            return read_strokes(drawing)
        except Invalid as error:
            raise forms.ValidationError(error.message) from None

    def clean_scan(self) -> bytes:
        scan = self.cleaned_data["scan"]
        if not scan:
            return b""
        if scan.size > MOST_BYTES:
            raise forms.ValidationError("Expected at most 7 MB.")
        data: bytes = scan.read()
        try:
            scan_suffix(data)
        except Invalid as error:
            raise forms.ValidationError(error.message) from None
        return data

    def clean_valid_until(self) -> datetime.date | None:
        day: datetime.date | None = self.cleaned_data["valid_until"]
        if day is not None and day < timezone.localdate():
            raise forms.ValidationError("This day is over.")
        return day

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not any(data.get(way) or way in self.errors for way in ("signature", "drawing", "scan")):
            self.add_error("signature", "Initials, a drawn signature or the scanned form are needed.")
        return data

    def answers(self) -> dict[str, bool]:
        return {purpose: self.cleaned_data[purpose] for purpose in self.purposes}


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
