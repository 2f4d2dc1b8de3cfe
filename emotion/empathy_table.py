"""The table of empathy rules: what it may say, and how it is read from YAML.

A study may bring a table of its own; emotion/empathy_rules.yaml is the one that ships and explains the
fields.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from emotion.checked_yaml import Place, read_document
from emotion.errors import InvalidRules
from emotion.labels import CAMERAS, EMOTIONS

SHIPPED_TABLE: Final = Path(__file__).with_name("empathy_rules.yaml")
FRAMEWORKS: Final = ("NURSE", "E.M.P.A.T.H.Y.", "Four Habits", "PEARLS")
SEVERITIES: Final = ("hint", "notice", "important")  # from the least to the most
FALLBACK_LANGUAGE: Final = "en"
LONGEST_S: Final = 24 * 3600


@dataclass(frozen=True)
class Limits:
    """When to keep silent, whatever the rules say.

    refractory_s: least time between two suggestions. max_suggestions: at most so many in any per_s.
    quiet_start_s: none so soon after the first second. A person of whom less than min_detection of the last
    detection_window_s was classified, or of whom less than min_baseline_s is known beyond that window,
    triggers nothing.
    """

    refractory_s: int = 90
    max_suggestions: int = 6
    per_s: int = 1200
    quiet_start_s: int = 60
    detection_window_s: int = 30
    min_detection: float = 0.5
    min_baseline_s: int = 15


@dataclass(frozen=True)
class Condition:
    """One person's recent states: any of the emotions, in at least at_least of the last of_last seconds.

    A second counts when one of the emotions is its most probable one with at least min_confidence, and when
    their probabilities together exceed the person's own mean by above_baseline.
    """

    who: str
    shows: tuple[str, ...]
    at_least: int = 5
    of_last: int = 8
    min_confidence: float = 0.5
    above_baseline: float = 0.15


@dataclass(frozen=True)
class Rule:
    """All conditions hold -> this text, from this framework, for these sources."""

    id: str
    framework: str
    severity: str
    citations: tuple[str, ...]
    when: tuple[Condition, ...]
    text: Mapping[str, str]

    def text_in(self, language: str) -> tuple[str, str]:
        """Return the text and the language it is in: the asked-for one, else its base, else English.

        >>> Rule("r", "NURSE", "hint", (), (), {"en": "Pause.", "de": "Pause."}).text_in("de-AT")
        ('Pause.', 'de')
        """
        for candidate in (language, language.partition("-")[0]):
            if candidate in self.text:
                return self.text[candidate], candidate
        return self.text[FALLBACK_LANGUAGE], FALLBACK_LANGUAGE


@dataclass(frozen=True)
class RuleTable:
    """Rules in the order in which they are preferred, and the limits for all of them."""

    rules: tuple[Rule, ...]
    limits: Limits = field(default_factory=Limits)

    @property
    def sha256(self) -> str:
        """Return a name for everything the table says, for the record of a run."""
        content = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False, default=dict)
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def history_s(self) -> int:
        """Return how many seconds back any rule or limit looks at single seconds."""
        windows = [condition.of_last for rule in self.rules for condition in rule.when]
        return max([self.limits.detection_window_s, *windows])


@functools.cache
def shipped_rules() -> RuleTable:
    """Return the table that ships with the package, read once."""
    return load_rules()


def load_rules(path: Path = SHIPPED_TABLE) -> RuleTable:
    """Return the table in a YAML file. Raises InvalidRules, naming line and field, or when it is not text."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRules(f"{path.name}: expected a readable UTF-8 file ({error}).") from error
    return parse_rules(text, source=path.name)


def parse_rules(text: str, *, source: str = "rules") -> RuleTable:
    """Return the table in a YAML text; source names it in complaints. Raises InvalidRules.

    >>> parse_rules("rules: []", source="mine.yaml")
    Traceback (most recent call last):
    emotion.errors.InvalidRules: mine.yaml, line 1: expected 'citations', which is missing.
    """
    top = read_document(text, source).fields(("citations", "rules"), ("limits",))
    citations = {name: place.text() for name, place in top["citations"].pairs()}
    rules: list[Rule] = []
    for place in top["rules"].items():
        rule = _rule(place, citations)
        if any(rule.id == other.id for other in rules):
            place.refuse(f"expected an id of its own, got {rule.id!r} for the second time")
        rules.append(rule)
    return RuleTable(tuple(rules), _limits(top["limits"]) if "limits" in top else Limits())


def _rule(place: Place, citations: Mapping[str, str]) -> Rule:
    fields = place.fields(("id", "framework", "severity", "citations", "when", "text"))
    return Rule(
        id=fields["id"].text(),
        framework=fields["framework"].choice(FRAMEWORKS),
        severity=fields["severity"].choice(SEVERITIES),
        citations=tuple(citations[one.choice(citations)] for one in fields["citations"].items()),
        when=tuple(_condition(one) for one in fields["when"].items()),
        text=_translations(fields["text"]),
    )


def _condition(place: Place) -> Condition:
    fields = place.fields(("who", "shows"), ("at_least", "of_last", "min_confidence", "above_baseline"))
    plain = Condition(
        fields["who"].choice(CAMERAS), tuple(one.choice(EMOTIONS) for one in fields["shows"].items())
    )
    if len(set(plain.shows)) != len(plain.shows):
        fields["shows"].refuse("expected each emotion once")
    of_last = fields["of_last"].whole(1, 120) if "of_last" in fields else plain.of_last
    at_least = fields["at_least"].whole(1, 120) if "at_least" in fields else plain.at_least
    if at_least > of_last:
        place.refuse(f"expected at_least to be no more than of_last, got {at_least} of {of_last}")
    return Condition(
        plain.who,
        plain.shows,
        at_least,
        of_last,
        _share(fields, "min_confidence", plain.min_confidence),
        _share(fields, "above_baseline", plain.above_baseline),
    )


def _limits(place: Place) -> Limits:
    plain = Limits()
    fields = place.fields((), tuple(vars(plain)))

    def whole(name: str, low: int, high: int) -> int:
        return fields[name].whole(low, high) if name in fields else int(getattr(plain, name))

    return Limits(
        refractory_s=whole("refractory_s", 1, LONGEST_S),
        max_suggestions=whole("max_suggestions", 1, 1000),
        per_s=whole("per_s", 1, LONGEST_S),
        quiet_start_s=whole("quiet_start_s", 0, LONGEST_S),
        detection_window_s=whole("detection_window_s", 1, 600),
        min_detection=_share(fields, "min_detection", plain.min_detection),
        min_baseline_s=whole("min_baseline_s", 0, 600),
    )


def _share(fields: Mapping[str, Place], name: str, default: float) -> float:
    return fields[name].number(0, 1) if name in fields else default


def _translations(place: Place) -> dict[str, str]:
    texts = {language: text.text() for language, text in place.pairs()}
    if FALLBACK_LANGUAGE not in texts:
        place.refuse(f"expected a text in {FALLBACK_LANGUAGE!r}, which is missing")
    return texts
