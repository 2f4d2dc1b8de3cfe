"""The table of empathy rules, as it ships and as a study wrote it."""

from __future__ import annotations

from typing import Any

from webapp.engines.translating import translated


def shipped_rules() -> str:
    """Return the empathy rules that ship, as the YAML that a study may change."""
    from emotion.empathy_table import SHIPPED_TABLE

    return SHIPPED_TABLE.read_text(encoding="utf-8")


def check_rules(text: str, *, language: str = "en") -> list[dict[str, Any]]:
    """Return what a table of empathy rules says, rule by rule. Raises AppError naming line and field."""
    from emotion.empathy_table import parse_rules

    with translated():
        table = parse_rules(text, source="rules")
    return [
        {
            "id": rule.id,
            "framework": rule.framework,
            "severity": rule.severity,
            "text": rule.text_in(language)[0],
            "languages": sorted(rule.text),
            "citations": list(rule.citations),
            "when": [
                {"who": one.who, "shows": list(one.shows), "at_least": one.at_least, "of_last": one.of_last}
                for one in rule.when
            ],
        }
        for rule in table.rules
    ]
