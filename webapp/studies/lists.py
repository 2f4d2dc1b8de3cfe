"""Lists of a study: what can be searched, filtered and sorted. Every choice stands in the address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.http import QueryDict

from webapp.studies.access import Someone, visible_participants
from webapp.studies.models import Encounter, Participant, SavedView, Study
from webapp.studies.queries import encounters_of, with_consent

PAGE_SIZE = 50


class ListForm(forms.Form):
    """Filters of a list. What is no choice counts as no filter, so that old addresses work."""

    #: What `sort` may say, and the fields it stands for.
    SORTS: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    q = forms.CharField(label="Search", required=False, max_length=100)

    def __init__(self, data: QueryDict, *, study: Study) -> None:
        super().__init__(data, auto_id="filter_%s")
        if not study.sites.exists():
            self.fields.pop("site", None)
        elif "site" in self.fields:
            self._choices("site", "all sites", [(str(one.pk), one.name) for one in study.sites.all()])
        if "arm" in self.fields:
            arms = [(str(one.pk), one.name) for one in study.arms.all()]
            self._choices("arm", "all arms", arms)
            if not arms:
                self.fields.pop("arm")

    def _choices(self, name: str, everything: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", everything), *choices]

    def chosen(self) -> dict[str, Any]:
        """Return the filters that are set."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in ("", None)}

    def order(self) -> tuple[str, ...]:
        """Return the fields to sort by; the newest first where the address says nothing that we know."""
        wanted = self.data.get("sort", "")
        fields = self.SORTS.get(wanted.removeprefix("-"))
        if fields is None:
            return self.SORTS[""]
        return tuple(f"-{name}" for name in fields) if wanted.startswith("-") else fields

    def hidden(self) -> dict[str, str]:
        """Return what a form of filters must carry along."""
        return {"sort": self.data["sort"]} if self.data.get("sort") else {}


class EncounterList(ListForm):
    SORTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "": ("-number",),
        "code": ("number",),
        "date": ("held_on", "number"),
        "doctor": ("doctor__code", "number"),
        "patient": ("patient__code", "number"),
        "department": ("department", "number"),
        "status": ("status", "reason", "number"),
    }
    status = forms.ChoiceField(choices=[("", "all"), *Encounter.Status.choices], required=False)
    site = forms.ChoiceField(required=False)
    arm = forms.ChoiceField(required=False)

    def found(self, user: Someone, study: Study) -> QuerySet[Encounter]:
        """Return the encounters that match, each with how many cameras are ready."""
        chosen = self.chosen()
        encounters = encounters_of(user, study, chosen.pop("q", "")).filter(**chosen)
        ready = (
            Encounter.objects.filter(pk=OuterRef("pk"), recordings__state="ready")
            .order_by()
            .values("pk")
            .annotate(size=Count("recordings"))
            .values("size")
        )
        cameras = Subquery(ready, output_field=IntegerField())
        return encounters.select_related("site", "arm").annotate(cameras=cameras).order_by(*self.order())


class ParticipantList(ListForm):
    SORTS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "": ("kind", "code"),
        "code": ("code",),
        "kind": ("kind", "code"),
        "sex": ("sex", "code"),
        "age": ("age", "code"),
        "added": ("created_at", "code"),
    }
    kind = forms.ChoiceField(choices=[("", "all"), *Participant.Kind.choices], required=False)
    consent = forms.ChoiceField(
        label="Consent to the recording",
        choices=[
            ("", "any"),
            ("yes", "given"),
            ("no", "refused, withdrawn or expired"),
            ("never", "never asked"),
        ],
        required=False,
    )
    site = forms.ChoiceField(required=False)

    def found(self, user: Someone, study: Study) -> QuerySet[Participant]:
        chosen = self.chosen()
        consent, search = chosen.pop("consent", ""), chosen.pop("q", "")
        people = with_consent(visible_participants(user, study).filter(**chosen))
        if consent:
            people = people.filter(_CONSENT[consent])
        for word in search.replace("\0", "").split():
            people = people.filter(Q(code__icontains=word) | Q(user__display_name__icontains=word))
        return people.select_related("user", "site").order_by(*self.order())


_CONSENT = {"yes": Q(records=True), "no": Q(records=False), "never": Q(records=None)}


def saved_views(user: Someone, study: Study, page: str) -> QuerySet[SavedView]:
    return SavedView.objects.filter(user_id=user.pk or 0, study=study, page=page)
