"""The report's part about both people together: who follows whom, and what the rules would have suggested."""

from __future__ import annotations

import math
from html import escape
from typing import Final

from emotion.conclude import EncounterAnalysis
from emotion.empathy import Suggestion
from emotion.mirroring import Mirroring
from emotion.plots import clock
from emotion.speech import SILENCE_S, Speech

NOT_MEASURED: Final = "not measured"
MIRRORING: Final = "Does one face follow the other?"
NOT_TOLD: Final = "Who spoke cannot be told: both microphones heard the same."
TOO_SHORT: Final = "Not measured: both were classified in too few of the same seconds, or showed no change."


def render_together(analysis: EncounterAnalysis, language: str = "en") -> str:
    """Return the part as HTML, empty where there is nothing to say."""
    return (
        _render_suggestions(analysis.suggestions, language)
        + _render_mirroring(analysis.mirroring)
        + _render_speech(analysis.speech)
    )


def _render_suggestions(suggestions: tuple[Suggestion, ...], language: str) -> str:
    if not suggestions:
        return ""
    lines = "".join(
        f'<tr><th scope="row">{clock(one.second)}</th><td>{escape(one.rule.text_in(language)[0])}</td>'
        f'<td>{escape(one.rule.framework)}</td><td class="number">{one.confidence:.2f}</td></tr>'
        for one in suggestions
    )
    return (
        '<section class="card"><h2>Suggestions to the doctor</h2><p class="soft">What the empathy rules '
        "would have said, from expressions as classified.</p><table><thead><tr>"
        '<th scope="col">time</th><th scope="col">suggested</th><th scope="col">framework</th>'
        f'<th scope="col" class="number">confidence</th></tr></thead><tbody>{lines}</tbody></table></section>'
    )


def _render_mirroring(mirroring: tuple[Mirroring, ...]) -> str:
    if not mirroring:
        return ""
    if all(one.correlation is None for one in mirroring):
        return f'<section class="card"><h2>{MIRRORING}</h2><p class="soft">{TOO_SHORT}</p></section>'
    lines = "".join(
        f'<tr><th scope="row">{escape(one.signal)}</th><td class="number">{_number(one.correlation)}</td>'
        f'<td>{_lag(one)}</td><td class="number">{one.pairs} s</td>'
        f'<td class="number">{_p(one.p_holm)}</td></tr>'
        for one in mirroring
    )
    return (
        f'<section class="card"><h2>{MIRRORING}</h2><p class="soft">The strongest '
        "correlation within five seconds either way, and how often shifting one person in time does as well, "
        "after Holm over all rows.</p><table><thead><tr>"
        '<th scope="col">signal</th><th scope="col" class="number">correlation</th><th scope="col">lag</th>'
        '<th scope="col" class="number">both seen</th><th scope="col" class="number">P</th></tr></thead>'
        f"<tbody>{lines}</tbody></table></section>"
    )


def _render_speech(speech: Speech | None) -> str:
    if speech is None:
        return ""
    found = speech.as_dict()
    shares = ", ".join(f"{escape(camera)} {share:.0%}" for camera, share in found["share"].items())
    whose = f"Of that: {shares}, by whose microphone was louder." if shares else NOT_TOLD
    silences = ", ".join(
        f"{clock(int(one['start_s']))}–{clock(math.ceil(one['end_s']))}" for one in found["silences"]
    )
    return (
        f'<section class="card"><h2>Voices</h2><p>Heard for {found["spoken_s"]:.0f} s. {whose}</p>'
        f'<p class="soft">Silent for {SILENCE_S:.0f} s or longer: {silences or "never"}.</p></section>'
    )


def _lag(one: Mirroring) -> str:
    if one.lag_s is None:
        return NOT_MEASURED
    if one.lag_s == 0:
        return "together"
    return f"{'patient' if one.lag_s > 0 else 'doctor'} {abs(one.lag_s)} s later"


def _number(value: float | None) -> str:
    return NOT_MEASURED if value is None else f"{value:.2f}".replace("-", "−")


def _p(value: float | None) -> str:
    return NOT_MEASURED if value is None else "&lt; 0.001" if value < 0.001 else f"{value:.3f}"
