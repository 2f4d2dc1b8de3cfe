"""Forms of the protocol and of the members."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.http import QueryDict

from webapp.studies.forms import offer
from webapp.studies.models import Arm, Invitation, Membership, Site, Study

DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class StudyForm(forms.ModelForm[Study]):
    class Meta:
        model = Study
        fields: tuple[str, ...] = (
            "title",
            "protocol_number",
            "purpose",
            "starts_on",
            "ends_on",
            "target_encounters",
            "retention_days",
        )
        widgets = {"starts_on": DATE, "ends_on": DATE}
        help_texts = {
            "protocol_number": "For example the number that the ethics board gave.",
            "purpose": "What the recordings are for, in words that a participant understands.",
        }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, last = data.get("starts_on"), data.get("ends_on")
        if first and last and last < first:
            self.add_error("ends_on", "The last day lies before the first.")
        return data


class NewStudyForm(StudyForm):
    class Meta(StudyForm.Meta):
        fields: tuple[str, ...] = ("slug", *StudyForm.Meta.fields)
        labels = {"slug": "Short name"}
        help_texts = {
            **StudyForm.Meta.help_texts,
            "slug": "Part of the address; letters, digits and hyphens.",
        }

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if slug == "new":
            raise forms.ValidationError("This word is taken by the page you are on.")
        return slug


class SiteForm(forms.ModelForm[Site]):
    class Meta:
        model = Site
        fields = ("name",)
        labels = {"name": "New site"}

    def __init__(self, data: QueryDict | None = None, *, study: Study) -> None:
        super().__init__(data, auto_id="site_%s")
        self.instance.study = study

    def clean_name(self) -> str:
        return _unused(
            self.instance.study.sites.filter(name=self.cleaned_data["name"]), self.cleaned_data["name"]
        )


class ArmForm(forms.ModelForm[Arm]):
    class Meta:
        model = Arm
        fields = ("name", "policy")
        labels = {"name": "New arm"}

    def __init__(self, data: QueryDict | None = None, *, study: Study) -> None:
        super().__init__(data, auto_id="arm_%s")
        self.instance.study = study

    def clean_name(self) -> str:
        return _unused(
            self.instance.study.arms.filter(name=self.cleaned_data["name"]), self.cleaned_data["name"]
        )


class InvitationForm(forms.ModelForm[Invitation]):
    class Meta:
        model = Invitation
        fields = ("email", "role", "site")

    def __init__(self, *args: Any, study: Study, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "site", study.sites.all(), empty="All sites")


class MembershipForm(forms.ModelForm[Membership]):
    class Meta:
        model = Membership
        fields = ("role", "site")

    def __init__(self, *args: Any, study: Study, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "site", study.sites.all(), empty="All sites")


class NewAccountForm(forms.Form):
    display_name = forms.CharField(label="Your name", max_length=120, help_text="What colleagues see.")
    password = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 12 characters.",
        strip=False,
    )

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password)
        return password


def _unused(there: Any, name: str) -> str:
    if there.exists():
        raise forms.ValidationError("The study has one of this name already.")
    return name
