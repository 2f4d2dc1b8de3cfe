"""The numbers of both cards as rows for people: a name, the value in words, a bar, and what it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from webapp.analysis.templatetags import readings

NOT_MEASURED = "not measured"
UNMARKED = (
    "not stated",
    "the file is from before versions said it; its recipe says what became of the sound",
)
#: By what became of the sound: what is heard, and what that means.
VOICES = {
    "none": ("none", "the recording had no sound"),
    "removed": ("none", "the sound was removed"),
    "noise": ("none", "noise as loud as the sound; when and how loudly somebody spoke is left"),
    "masked-in-spans": (
        "all, outside of marked spans",
        "spans that a person marked are masked; people are known by their voices in all other sound",
    ),
    "kept": ("all", "the sound is kept; people are known by their voices"),
}


@dataclass(frozen=True)
class CardRow:
    """One line of a card. share: 0..1 for a bar, None without one. control: the same of encoding alone, in
    words and for a mark on the bar. limit: where the bar's mark of the study's limit stands. is_within: of
    that limit, None where there is none. in_percent: how the limit is written, also beside no value.
    """

    name: str
    value: str
    meaning: str
    share: float | None = None
    control: str = ""
    control_share: float | None = None
    limit: float | None = None
    is_within: bool | None = None
    in_percent: bool = False

    @property
    def share_percent(self) -> float | None:
        return _of_bar(self.share)

    @property
    def control_percent(self) -> float | None:
        return _of_bar(self.control_share)

    @property
    def limit_percent(self) -> float | None:
        return _of_bar(self.limit)

    @property
    def limit_words(self) -> str:
        """Return the limit as the value is written."""
        if self.limit is None:
            return ""
        return percent(self.limit) if self.in_percent else _number(self.limit)


def privacy_rows(card: Mapping[str, Any], limits: Mapping[str, float] | None = None) -> list[CardRow]:
    """Return the privacy card in lines. limits: what the version was judged by, for the marks."""
    known, control = limits or {}, card.get("control") or {}
    frames, bare = card["frames"], card["residual_face_frames"]
    likeness = card["similarity"]["mean"]
    above_chance = _sum(card["rank1_chance"], known.get("rank1_over_chance"))
    people = f"{card['gallery_size']}{_mixed(card)}"
    return [
        CardRow(
            "Faces as they were",
            f"{bare} of {frames} frames",
            f"with 95 % confidence at most {100 * card['residual_rate_upper95']:.2f} % of frames",
        ),
        _at_most(
            "Finds the person", card["rank1"],
            f"in a gallery of {people}; chance is {percent(card['rank1_chance'])}",
            control=control.get("rank1"), limit=above_chance,
        ),
        _at_most(
            "Taken for the person", card["tar_at_far_1e2"],
            "at a threshold that 1 % of pairs of strangers reach, by the better of two recognisers",
            control=control.get("tar_at_far_1e2"), limit=known.get("tar"),
        ),
        CardRow(
            "Mean likeness", _number(likeness),
            f"cosine to the person; the threshold is {card['threshold']:.2f}",
            None if likeness is None else max(0.0, likeness),
            _number((control.get("similarity") or {}).get("mean")) if control else "",
            (control.get("similarity") or {}).get("mean"),
            known.get("similarity"), _is_at_most(likeness, known.get("similarity")),
        ),
        *_attempts(card, known, above_chance),
    ]  # fmt: skip


def voices_row(media: Mapping[str, Any]) -> CardRow:
    """Return whose voices are still heard in a version, as its own file says it."""
    heard = media.get("heard")
    return CardRow("Voices", *(UNMARKED if heard is None else VOICES[heard["sound"]]))


def mean_rows(look: Mapping[str, Any] | None) -> list[CardRow]:
    """Return what the privacy card says of a face that is a mean; nothing of a rendered one.

    >>> [row.value for row in mean_rows({"k": 8, "contributors": 12, "bound": 0.125})]
    ['average of 8 people', '1 in 8']
    """
    if not look:
        return []
    k = look["k"]
    people = f"{k} at least, of {look['contributors']} others who could be in it; it is nobody's own face"
    meaning = "how often somebody who knows everybody in the average is right, at best"
    return [
        CardRow("Whose face it is", f"average of {k} people", people),
        CardRow("Guesses whose face it is", f"1 in {k}", meaning),
    ]


def _attempts(
    card: Mapping[str, Any], limits: Mapping[str, float], above_chance: float | None
) -> Iterator[CardRow]:
    """Yield what attackers found that versions from before they were played have nothing of."""
    informed, restored = card.get("informed"), card.get("restored")
    if informed is not None:
        beside = informed["control"]["rank1"]
        yield _at_most(
            "Finds the person, knowing the method", informed["rank1"],
            f"in a gallery of {informed['gallery_size']}, by somebody who {informed['attacker']}; "
            f"hair, place and light alone: {percent(beside)}",
            control=None,
            limit=_sum(max(informed["rank1_chance"], beside or 0.0), limits.get("informed_over_chance")),
        )  # fmt: skip
    if restored is not None:
        yield _at_most(
            "Finds the person after restoring", restored["rank1"],
            "the same, after many frames were averaged and the blur or mosaic was divided out",
            control=None, limit=above_chance,
        )  # fmt: skip


def expression_rows(card: Mapping[str, Any], limits: Mapping[str, float] | None = None) -> list[CardRow]:
    """Return the expression card in lines, each beside the control. limits: as in privacy_rows.

    Behind a mask that leaves no face to be found there is nothing to compare, which is one line.
    """
    known, control = limits or {}, card["control"]
    found = _at_least(
        "Face still found", card["detection_retained"], "of the frames in which it was found before",
        control=control["detection_retained"], limit=known.get("detection_retained"),
    )  # fmt: skip
    if card["agreement"] is None and not card["detection_retained"]:
        return [found, CardRow("Expression", NOT_MEASURED, "no face is found that it could be read from")]
    return [
        found,
        _at_least(
            "Classified alike", card["agreement"], "of the seconds, by the model that agrees least",
            control=control["agreement"], limit=known.get("agreement"),
        ),
        *_models(card, known),
        *(
            _correlation(
                f"Movement: {name.replace('_', ' ')}", value, "correlation over time with the original",
                control["channels"][name], _product(control["channels"][name], known.get("correlation")),
            )
            for name, value in card["landmark_channels"].items()
        ),
        *(
            _correlation(
                f"Classified as {emotion}", value, "concordance over time, mean of the models",
                control.get("per_emotion", {}).get(emotion), None,
            )
            for emotion, value in card.get("per_emotion", {}).items()
        ),
        *_jitter(card, control),
    ]  # fmt: skip


def _models(card: Mapping[str, Any], limits: Mapping[str, float]) -> Iterator[CardRow]:
    for one, other in zip(card.get("models", []), card["control"].get("models", []), strict=True):
        yield _at_least(
            f"Classified alike by {one['model']}", one["agreement"], f"of {one['seconds']} seconds",
            control=other["agreement"], limit=limits.get("agreement"),
        )  # fmt: skip
        yield _correlation(
            f"Kappa of {one['model']}", one["kappa"], "the same beyond chance", other["kappa"], None
        )


def _jitter(card: Mapping[str, Any], control: Mapping[str, Any]) -> Iterator[CardRow]:
    if "jitter_ratio" in card:
        yield CardRow(
            "Trembling of landmarks",
            _number(card["jitter_ratio"]),
            "times that of the original; more looks unsteady, much less looks frozen",
            control=_number(control["jitter_ratio"]),
        )


def _at_most(
    name: str, share: float | None, meaning: str, *, control: float | None, limit: float | None
) -> CardRow:
    said = "" if control is None else percent(control)
    is_within = _is_at_most(share, limit)
    return CardRow(name, percent(share), meaning, share, said, control, limit, is_within, in_percent=True)


def _at_least(
    name: str, share: float | None, meaning: str, *, control: float | None, limit: float | None
) -> CardRow:
    is_within = None if share is None or limit is None else share >= limit
    said = percent(control)
    return CardRow(name, percent(share), meaning, share, said, control, limit, is_within, in_percent=True)


def _correlation(
    name: str, value: float | None, meaning: str, control: float | None, limit: float | None
) -> CardRow:
    is_within = None if value is None or limit is None else value >= limit
    shown, mark = (None if one is None else max(0.0, one) for one in (value, control))
    return CardRow(name, _number(value), meaning, shown, _number(control), mark, limit, is_within)


def _of_bar(share: float | None) -> float | None:
    """Return where a share stands on a bar 100 wide."""
    return None if share is None else round(100 * min(1.0, max(0.0, share)), 1)


def _is_at_most(value: float | None, limit: float | None) -> bool | None:
    return None if value is None or limit is None else value <= limit


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else min(1.0, one + other)


def _product(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else max(0.0, one * other)


def _mixed(card: Mapping[str, Any]) -> str:
    synthetic = card.get("gallery", {}).get("synthetic")
    return f", {synthetic} of whom are synthetic" if synthetic else ""


def percent(value: float | None) -> str:
    return NOT_MEASURED if value is None else readings.percent(value)


def _number(value: float | None) -> str:
    return NOT_MEASURED if value is None else f"{value:.2f}"
