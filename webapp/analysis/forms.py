"""Forms of a study's empathy rules, and of what it asks to keep."""

from __future__ import annotations

from django import forms

from webapp import engines
from webapp.core.errors import AppError


class RulesForm(forms.Form):
    """A new version of the rules, as YAML; a mistake is named by line and field."""

    text = forms.CharField(
        label="Rules in YAML",
        strip=False,
        max_length=200_000,
        widget=forms.Textarea(attrs={"rows": 28, "spellcheck": "false", "class": "code"}),
        help_text="The lines that begin with # explain the fields. Every text needs English (en).",
    )

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        try:
            engines.check_rules(text)
        except AppError as error:
            raise forms.ValidationError(error.message) from error
        return text


class WishForm(forms.Form):
    """Whether identity embeddings are kept from now on, as the button says that is pressed."""

    is_kept = forms.TypedChoiceField(
        choices=(("yes", "yes"), ("no", "no")), coerce=lambda value: value == "yes", widget=forms.HiddenInput
    )
    reason = forms.CharField(
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Why the study needs them, or needs them no more, for whoever reviews it.",
    )
