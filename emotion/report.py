"""One page that stands alone: what was classified, how much of the recording that covers, and how it was
made.

No script, no font, no picture from elsewhere: it opens from a disk without a network and prints.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from string import Template
from typing import Any, Final

from emotion.conclude import CameraAnalysis, EncounterAnalysis
from emotion.findings import PUBLISHED_DETECTION_RATE
from emotion.labels import EMOTIONS
from emotion.plots import (
    KEYS,
    SHAPES,
    STATUS_WORDS,
    Scale,
    clock,
    draw_timeline,
    gather_columns,
    seconds_per_column,
)
from emotion.report_together import render_together

TEMPLATE: Final = Path(__file__).with_name("report_template.html")
ROLE_MARKS: Final = {"doctor": "Dr", "patient": "Pt"}
NOT_MEASURED: Final = "not measured"
SYNC_WORDS: Final = {
    "audio": "by the sound",
    "by_hand": "by hand",
    "creation_time": "by the times the files give",
}
MAX_PEOPLE: Final = 10
PUBLISHED: Final = f"published: over {PUBLISHED_DETECTION_RATE:.0%}".replace("%", "\u00a0%")


def render_report(analysis: EncounterAnalysis, run: Mapping[str, Any], language: str = "en") -> str:
    """Return the page as HTML. run: the content of run.json. language: of the suggestions."""
    seconds = [row.second for camera in analysis.cameras for row in camera.rows]
    scale = Scale(min(seconds), max(seconds) + 1)
    cameras = "\n".join(_render_camera(camera, scale) for camera in analysis.cameras)
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title="Facial expression over time",
        subtitle=_subtitle(analysis, run),
        cameras=cameras,
        together=render_together(analysis, language),
        clock=_render_clock(analysis),
        made=_render_making(run),
    )


def percent(share: float | None, whole: int, unit: str = "s") -> str:
    """Return a share with what it is a share of.

    >>> percent(0.8233, 276)
    '82 % of 276 s'
    >>> percent(None, 0)
    'not measured'
    """
    return NOT_MEASURED if share is None else f"{share:.0%} of {whole} {unit}".replace("%", " %")


def _subtitle(analysis: EncounterAnalysis, run: Mapping[str, Any]) -> str:
    files = " and ".join(f"“{escape(camera.video.path.name)}”" for camera in analysis.cameras)
    rate = run["parameters"]["sample_fps"]
    rhythm = f"{rate} frames per second" if rate else "every frame"
    return f"{files}, {rhythm} of each, expressions classified by the model “{escape(str(run['model']))}”."


def _render_camera(camera: CameraAnalysis, scale: Scale) -> str:
    role = camera.summary.role
    columns = gather_columns(camera.rows)
    mark = f'<span class="who who-{escape(role)}">{ROLE_MARKS[role]}</span>' if role in ROLE_MARKS else ""
    heading = role.capitalize() if role in ROLE_MARKS else f"Camera {camera.camera}"
    width = seconds_per_column(len(camera.rows))
    grain = "each step is one second" if width == 1 else f"each step is the mean of {width} seconds"
    drawing = draw_timeline(columns, scale, label=f"Timeline of the {role}, its numbers in the table below")
    return (
        f'<section class="card camera"><h2>{mark}{escape(heading)}</h2>'
        f'<p class="soft">{escape(camera.video.path.name)}, {_describe_video(camera)}; {grain}.</p>'
        f'{_render_facts(camera)}<div class="plot" tabindex="0">{drawing}</div>{_render_legend(camera)}'
        f'<div class="tables">{_render_emotions(camera)}{_render_people(camera)}</div></section>'
    )


def _describe_video(camera: CameraAnalysis) -> str:
    video = camera.video
    return f"{video.width} × {video.height}, {clock(round(video.duration_us / 1e6))} long"


def _render_facts(camera: CameraAnalysis) -> str:
    summary = camera.summary
    judged = summary.seconds["ok"]
    total = sum(summary.seconds.values()) - summary.seconds["consent_withheld"]
    dominant = summary.dominant or NOT_MEASURED
    facts = [
        ("classified", percent(summary.detection_rate, total), PUBLISHED),
        ("most often", dominant, percent(summary.share_by_emotion.get(dominant), judged)),
        ("changes", _number(summary.changes_per_minute, 1), "per classified minute"),
        ("valence", _number(summary.valence, 2), f"mean of {judged} s, −1 to 1"),
        ("arousal", _number(summary.arousal, 2), f"mean of {judged} s, −1 to 1"),
    ]
    cells = "".join(
        f"<div><dt>{name}</dt><dd>{value} <small>{'' if value == NOT_MEASURED else note}</small></dd></div>"
        for name, value, note in facts
    )
    return f'<dl class="facts">{cells}</dl>'


def _number(value: float | None, digits: int) -> str:
    return NOT_MEASURED if value is None else f"{value:.{digits}f}".replace("-", "−")


def _render_legend(camera: CameraAnalysis) -> str:
    items = [
        '<li><svg viewBox="0 0 22 12" aria-hidden="true">'
        f'<rect class="s-{status}" width="22" height="12"/></svg>{STATUS_WORDS[status]}: {count} s</li>'
        for status, count in camera.summary.seconds.items()
        if count and status != "ok"
    ]
    return f'<ul class="legend">{"".join(items)}</ul>' if items else ""


def _render_emotions(camera: CameraAnalysis) -> str:
    summary = camera.summary
    judged = summary.seconds["ok"]
    lines = []
    for emotion in EMOTIONS:
        share = summary.share_by_emotion[emotion]
        lines.append(
            f'<tr><th scope="row"><svg class="mark e-{emotion}" viewBox="-7 -7 14 14" aria-hidden="true">'
            f'{SHAPES[emotion]}</svg> {emotion} <span class="soft">{KEYS[emotion]}</span></th>'
            f'<td class="number">{summary.seconds_by_emotion[emotion]} s</td>'
            f'<td class="number">{percent(share, judged)}</td>'
            f'<td class="bars"><span class="bar e-{emotion}" style="width:{100 * (share or 0):.1f}%"></span>'
            "</td></tr>"
        )
    return _table("Expression classified as", ("", "seconds", "share", ""), lines)


def _render_people(camera: CameraAnalysis) -> str:
    roles = sorted(
        zip(camera.people.roles, camera.people.tracks, strict=True), key=lambda pair: -len(pair[1].faces)
    )
    lines = [
        f'<tr><th scope="row">{role.track}</th><td>{escape(role.role)}</td>'
        f'<td class="number">{role.confidence:.2f}</td><td>{escape("; ".join(role.reasons))}</td></tr>'
        for role, _ in roles[:MAX_PEOPLE]
    ]
    if not lines:
        nobody = '<p class="soft">No face was found in this recording.</p>'
        return f"<div><h3>People in the picture</h3>{nobody}</div>"
    if len(roles) > MAX_PEOPLE:
        more = f"{len(roles) - MAX_PEOPLE} more, seen less often, are in summary.json"
        lines.append(f'<tr><td class="soft" colspan="4">{more}</td></tr>')
    return _table("People in the picture", ("track", "taken for", "confidence", "because"), lines)


def _table(caption: str, heads: Iterable[str], lines: Iterable[str]) -> str:
    numeric = {"seconds", "share", "confidence"}
    cells = "".join(
        f'<th scope="col"{" class=number" if head in numeric else ""}>{head}</th>' if head else "<td></td>"
        for head in heads
    )
    return (
        f"<table><caption>{caption}</caption><thead><tr>{cells}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table>"
    )


def _render_clock(analysis: EncounterAnalysis) -> str:
    if len(analysis.cameras) < 2:
        return ""
    first, second = (escape(camera.camera) for camera in analysis.cameras[:2])
    reference = f"All times are those of the {first} camera, from its first frame."
    if analysis.sync is None or analysis.sync.method == "none":
        return f"<p>{reference} Nothing tells how they relate; they are taken to have started together.</p>"
    sure = f"{SYNC_WORDS[analysis.sync.method]}, confidence {analysis.sync.confidence:.2f}"
    offset = f"{analysis.sync.offset_ms:+.0f} ms".replace("-", "−")
    if not analysis.sync_applied:
        doubt = f"An offset of {offset} ({sure}) is too unsure to be used"
        return f"<p>{reference} {doubt}; the cameras are taken to have started together.</p>"
    return f"<p>{reference} The {second} camera's times are moved by {offset} ({sure}).</p>"


def _render_making(run: Mapping[str, Any]) -> str:
    inputs = [
        f'<tr><th scope="row">{escape(camera)}</th><td>{escape(one["file"])}<br>'
        f"<code>sha256 {one['sha256']}</code></td></tr>"
        for camera, one in run["inputs"].items()
    ]
    weights = [
        f'<tr><th scope="row">{escape(one["name"])}</th><td>'
        f"{escape(one['package'])} {escape(one['version'])}<br>"
        f"<code>sha256 {escape(one['sha256'])}</code></td></tr>"
        for one in run["weights"]
    ]
    versions = ", ".join(f"{escape(name)} {escape(version)}" for name, version in run["versions"].items())
    sampling = f'<tr><th scope="row">sampling</th><td>{escape(run["sampling_rule"])}</td></tr>'
    software = f'<tr><th scope="row">software</th><td>{versions}, on {escape(run["device"])}</td></tr>'
    return _table("Recordings", ("camera", "file"), inputs) + _table(
        "Networks and rules", ("", ""), [*weights, sampling, software]
    )
