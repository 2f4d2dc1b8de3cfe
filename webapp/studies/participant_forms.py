"""Forms about participants and what a study records of them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict

from webapp.accounts.models import User
from webapp.studies.access import Someone, site_of
from webapp.studies.attributes import NotAValue, read_value
from webapp.studies.forms import offer
from webapp.studies.importing import ABSURD_AGE
from webapp.studies.models import Attribute, Participant, Site, Study
from webapp.studies.roles import Role

ATTRIBUTE = "attribute_"


class ParticipantForm(forms.Form):
    kind = forms.ChoiceField(choices=Participant.Kind.choices, initial=Participant.Kind.PATIENT)
    site: forms.ModelChoiceField[Site] = forms.ModelChoiceField(queryset=Site.objects.none(), required=False)
    sex = forms.ChoiceField(choices=[("", "Not recorded"), *Participant.Sex.choices], required=False)
    age = forms.IntegerField(
        label="Age in years",
        min_value=0,
        max_value=ABSURD_AGE,
        required=False,
        help_text="From 90 on it is kept and shown as 90+.",
    )
    account: forms.ModelChoiceField[User] = forms.ModelChoiceField(
        queryset=User.objects.none(),
        required=False,
        empty_label="No account",
        help_text="For a doctor who signs in: their own encounters become visible to them.",
    )

    def __init__(self, *args: Any, study: Study, user: Someone, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "site", study.sites.all(), empty="No site")
        if site_of(user, study) is not None:
            self.fields.pop("site", None)
        field = self.fields["account"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = User.objects.filter(pk__in=study.memberships.filter(role=Role.DOCTOR).values("user"))
        self._attributes = {f"{ATTRIBUTE}{one.pk}": one for one in study.attributes.all()}
        for name, attribute in self._attributes.items():
            self.fields[name] = _field_for(attribute)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("account") and data.get("kind") != Participant.Kind.DOCTOR:
            self.add_error("account", "Only a doctor can have an account.")
        for name, attribute in self._attributes.items():
            try:
                data[name] = read_value(attribute, str(data.get(name) or ""))
            except NotAValue as error:
                self.add_error(name, str(error))
        return data

    def values(self) -> dict[str, Any]:
        """Return what add_participant takes, apart from the site."""
        data = self.cleaned_data
        found = {one.name: data[name] for name, one in self._attributes.items() if data[name] is not None}
        return {
            "kind": data["kind"],
            "user": data["account"],
            "sex": data["sex"],
            "age": data["age"],
            "attributes": found,
        }


class AttributeForm(forms.Form):
    name = forms.SlugField(
        label="New attribute",
        max_length=40,
        help_text="Letters, digits and hyphens: the column of an import.",
    )
    kind = forms.ChoiceField(choices=Attribute.Kind.choices)
    choices = forms.CharField(label="List", required=False, help_text="For a list: its entries, with commas.")

    def __init__(self, data: QueryDict | None = None, *, study: Study) -> None:
        super().__init__(data, auto_id="attribute_%s")
        self._study = study

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"].lower()
        if (
            name in ("kind", "sex", "age", "site", "code")
            or self._study.attributes.filter(name=name).exists()
        ):
            raise forms.ValidationError("The study knows this one already.")
        return name

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        entries = [one.strip() for one in str(data.get("choices", "")).split(",") if one.strip()]
        if data.get("kind") == Attribute.Kind.CHOICE and len(entries) < 2:
            self.add_error("choices", "Write at least two entries.")
        data["choices"] = entries if data.get("kind") == Attribute.Kind.CHOICE else []
        return data


class ImportForm(forms.Form):
    file = forms.FileField(
        label="CSV file", help_text="One row per participant, below a heading with the columns listed here."
    )


def _field_for(attribute: Attribute) -> forms.Field:
    if attribute.kind == Attribute.Kind.CHOICE:
        options = [("", "Not recorded"), *((one, one) for one in attribute.choices)]
        return forms.ChoiceField(label=attribute.name, choices=options, required=False)
    return forms.CharField(label=attribute.name, max_length=80, required=False)
