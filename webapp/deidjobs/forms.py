"""Forms of the de-identification pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict

from webapp import engines
from webapp.core.errors import Invalid
from webapp.deidjobs import means
from webapp.deidjobs.limits import LIMITS
from webapp.deidjobs.models import Derivative, ReleaseLimits, Review
from webapp.deidjobs.queries import (
    NOTHING_MARKED,
    NUMBERED_ANEW,
    UNEXPLAINED,
    hideable,
    may_be_hidden,
    others_in,
    spans_of,
)
from webapp.deidjobs.storage import has_parts
from webapp.jobs.durations import as_clock
from webapp.recordings.models import Recording
from webapp.studies.models import Encounter

METHOD_WORDS = {
    "swap": "Swap – a synthetic face in place of each, which follows the expression; hair and place stay",
    "avatar": "Avatar – a synthetic head before a plain background; no pixel of the original is left",
    "blur": "Blur – the expression is lost; hair and place stay",
    "pixelate": "Mosaic – the expression is lost; hair and place stay",
    "box": "Box – one colour over each face; the expression is lost; hair and place stay",
}
SOUND_WORDS = {
    "remove": "Remove it",
    "mask": "Noise as loud as the speech – turns stay, words and voice do not",
    "spans": "Silence or bleep marked spans – all other sound stays, and a voice identifies its speaker",
    "keep": "Keep it – a voice identifies its speaker",
}

RENDERED, MEAN = "rendered", "k-same"
LOOK_WORDS = {
    RENDERED: "Rendered – a synthetic person of the bank",
    MEAN: "Average – several other participants who agreed",
}
CHOICES = {"class": "choices"}
AFTER_THE_END = "This is after the end of the recording."


class HidingForm(forms.Form):
    recordings = forms.ModelMultipleChoiceField(
        queryset=Recording.objects.none(),
        widget=forms.CheckboxSelectMultiple(attrs=CHOICES),
        label="Recordings",
        error_messages={"required": "Choose at least one recording."},
    )
    method = forms.ChoiceField(
        widget=forms.RadioSelect(attrs=CHOICES),
        initial="swap",
        help_text="Every face of everyone is hidden. What the result still shows is measured afterwards.",
    )
    look = forms.ChoiceField(
        required=False,
        label="Whose face",
        help_text="Of the person whom the camera is pointed at. An average is for swap alone, and a preview "
        "shows a rendered face.",
    )
    k = forms.IntegerField(
        required=False,
        label="Average of at least",
        help_text="For an average: so many others. Whoever knows them all is right once in so many times.",
    )
    donor = forms.ChoiceField(
        required=False,
        help_text="For swap and avatar. Chosen by itself, it is the same for a person throughout the study.",
    )
    neutral_s = forms.FloatField(
        required=False,
        min_value=0,
        label="Calm face at, seconds",
        help_text="For swap and avatar, and one recording: a moment at which the face is calm. "
        "Left empty, it is found over the whole recording.",
    )
    audio = forms.ChoiceField(label="Sound", initial="remove")

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        recordings = said.get("recordings") or []
        if said.get("audio") == engines.MARKED:
            for one in recordings:
                if not spans_of(one).exists():
                    self.add_error("audio", f"{one}: {NOTHING_MARKED}")
        if said.get("look") == MEAN:
            self._check_mean(said)
        if said.get("neutral_s") is None:
            return said
        if len(recordings) > 1:
            self.add_error("neutral_s", "Faces are calm at other moments in each recording: choose one.")
        elif recordings and said["neutral_s"] * 1e6 > (recordings[0].duration_us or 0):
            self.add_error("neutral_s", AFTER_THE_END)
        return said

    def _check_mean(self, said: dict[str, Any]) -> None:
        if said.get("method") != means.METHOD or said.get("donor") not in ("", "auto"):
            self.add_error("look", "An average is drawn by swap, with the donor chosen by itself.")
            return
        for recording in said.get("recordings") or []:
            try:
                means.check_k(said.get("k") or 0, recording)
            except Invalid as refused:
                self.add_error("k", f"{recording}: {refused.message}")

    def clean_k(self) -> int:
        k: int | None = self.cleaned_data["k"]
        return engines.ks_of_means()[1] if k is None else k

    def __init__(self, *args: Any, encounter: Encounter, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        least, usual = engines.ks_of_means()
        k = self.fields["k"]
        k.initial = usual
        k.widget.attrs["min"] = least
        self._offer("look", list(LOOK_WORDS.items()))
        recordings = self.fields["recordings"]
        assert isinstance(recordings, forms.ModelMultipleChoiceField)
        recordings.queryset = hideable(encounter)
        self._offer("method", [(name, METHOD_WORDS[name]) for name in METHOD_WORDS])
        self._offer(
            "donor", [("auto", "Choose by itself"), *((one, one) for one in engines.donors_of_people())]
        )
        self._offer("audio", [(name, SOUND_WORDS[name]) for name in SOUND_WORDS])
        self._say_when()

    def _say_when(self) -> None:
        """Say with which choices above it a field means something; the page hides it with others."""
        drawn, mean = f"method:{' '.join(engines.donor_methods())}", f"method:{means.METHOD}"
        when = {
            "donor": f"{drawn};look:{RENDERED}",
            "look": mean,
            "k": f"{mean};look:{MEAN}",
            "neutral_s": drawn,
        }
        for name, said in when.items():
            self.fields[name].widget.attrs["data-when"] = said

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices


class RefusalForm(forms.Form):
    donor = forms.CharField(max_length=16, widget=forms.HiddenInput)
    reason = forms.CharField(
        max_length=200,
        label="Why another face",
        help_text="The person gets another donor in the next version.",
    )


class AnotherForm(forms.Form):
    """What is to be different in a version that is made from another one, beside its covers.

    others_unknown: nobody can be left as they are, for the numbers of people went with the version's parts.
    """

    audio = forms.ChoiceField(required=False, label="Sound")
    neutral_s = forms.FloatField(required=False, min_value=0, label="Calm face at, seconds")
    exempt = forms.TypedMultipleChoiceField(
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple(attrs=CHOICES),
        label="Leave as they are",
        help_text="Their faces will be seen by whoever gets the version. Choosing somebody shows them.",
    )
    exempt_reason = forms.CharField(
        required=False,
        max_length=200,
        label="Why they are left as they are",
        help_text="Needed as soon as somebody is.",
    )

    def __init__(self, data: QueryDict | None = None, *, derivative: Derivative) -> None:
        recipe = derivative.recipe
        kept = {name: recipe.get(name) for name in ("neutral_s", "exempt", "exempt_reason")}
        super().__init__(data, initial=kept | {"audio": derivative.audio})
        sound = self.fields["audio"]
        assert isinstance(sound, forms.ChoiceField)
        sound.choices = [
            (name, words) for name, words in SOUND_WORDS.items() if may_be_hidden(derivative.recording, name)
        ]
        self._duration_us = derivative.recording.duration_us or 0
        people = others_in(derivative)
        exempt = self.fields["exempt"]
        assert isinstance(exempt, forms.TypedMultipleChoiceField)
        exempt.choices = [(one["track"], _seen(one)) for one in people]
        self.others_unknown = bool(people) and not has_parts(derivative)
        if not people or self.others_unknown:
            del self.fields["exempt"], self.fields["exempt_reason"]
        if derivative.method not in engines.donor_methods():
            del self.fields["neutral_s"]

    def clean(self) -> dict[str, Any]:
        if self.others_unknown and "exempt" in self.data:
            raise forms.ValidationError(NUMBERED_ANEW)
        said = super().clean() or {}
        if said.get("exempt") and not said.get("exempt_reason", "").strip():
            self.add_error("exempt_reason", UNEXPLAINED)
        return said

    def clean_neutral_s(self) -> float | None:
        at_s: float | None = self.cleaned_data["neutral_s"]
        if at_s is not None and at_s * 1e6 > self._duration_us:
            raise forms.ValidationError(AFTER_THE_END)
        return at_s


def _seen(track: dict[str, Any]) -> str:
    first, last = (as_clock(track[name] // 1000) for name in ("first_ms", "last_ms"))
    when = f"at {first}" if first == last else f"{first} to {last}"
    return f"Person {track['track']}, seen {when}"


class ReviewForm(forms.ModelForm[Review]):
    class Meta:
        model = Review
        fields = ("decision", "reason")
        help_texts = {"reason": "What you looked at, and why you decide so."}
        widgets = {"reason": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, verdict: str, **kwargs: Any) -> None:
        """verdict: of the audit, or "fail" for what nobody may approve; that can only be refused."""
        super().__init__(*args, **kwargs)
        decision = self.fields["decision"]
        assert isinstance(decision, forms.ChoiceField)
        if verdict == "fail":
            decision.choices = [(Review.Decision.REFUSED, Review.Decision.REFUSED.label)]
        else:
            decision.choices = [("", "Choose …"), *Review.Decision.choices]


class LimitsForm(forms.ModelForm[ReleaseLimits]):
    class Meta:
        model = ReleaseLimits
        fields = (*LIMITS, "reason")
        widgets = {
            **{name: forms.NumberInput(attrs={"min": 0, "max": 1, "step": "0.01"}) for name in LIMITS},
            "reason": forms.Textarea(attrs={"rows": 3}),
        }
