"""Forms of the release pages."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.utils import timezone

from webapp.core.errors import AppError
from webapp.sharing import describing
from webapp.sharing.models import Recipient, Release


class ReleaseForm(forms.ModelForm[Release]):
    """What a package says about itself. Words that lead back to a person are refused here already."""

    class Meta:
        model = Release
        fields = ("title", "description", "terms", "licence")
        widgets = {name: forms.Textarea(attrs={"rows": 4}) for name in ("description", "terms", "licence")}
        help_texts = {
            "title": "Stands on the data set’s card, for readers outside of the study.",
            "description": "What was recorded, where, with whom and how. No codes of the study.",
            "terms": "What it may be used for, and that nobody may try to find out who is shown.",
            "licence": "Its whole text, or its name and where it stands.",
        }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in self._meta.fields or ():
            try:
                describing.check_words(name, data.get(name, ""))
            except AppError as error:
                self.add_error(name, error.message)
        return data


class RecipientForm(forms.ModelForm[Recipient]):
    class Meta:
        model = Recipient
        fields = ("organisation", "email", "purpose", "agreement", "given_on")
        widgets = {"given_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}
        help_texts = {
            "email": "Where a recall reaches them.",
            "agreement": "For example the number of the data use agreement.",
        }

    def __init__(self, *args: Any, release: Release, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._release = release
        self.fields["given_on"].initial = timezone.localdate

    def clean_given_on(self) -> datetime.date:
        day: datetime.date = self.cleaned_data["given_on"]
        made_at = self._release.made_at
        if made_at is not None and not timezone.localdate(made_at) <= day <= timezone.localdate():
            raise forms.ValidationError("Choose a day between the making of the package and today.")
        return day


class ConfirmForm(forms.Form):
    """The name of the release as the word that it is meant."""

    code = forms.CharField(max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def __init__(self, *args: Any, release: Release, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._code = release.code
        self.fields["code"].label = f"Type {release.code} to confirm"

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"].strip().lower()
        if code != self._code:
            raise forms.ValidationError(f"Type {self._code} exactly, so that nothing is lost by mistake.")
        return code


class RecallForm(ConfirmForm):
    note = forms.CharField(
        label="What is wrong",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Whoever got the release reads it. Name no participant.",
    )
    field_order = ("note", "code")

    def clean_note(self) -> str:
        note: str = self.cleaned_data["note"]
        try:
            describing.check_words("note", note)
        except AppError as error:
            raise forms.ValidationError(error.message) from None
        return note
