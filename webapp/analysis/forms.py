"""The form in which a study's empathy rules are edited."""

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
