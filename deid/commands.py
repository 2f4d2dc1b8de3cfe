"""What each command does, apart from reading arguments and printing. Returns plain values that fit JSON."""

from __future__ import annotations

import tempfile
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from emotion.errors import OutputUnwritable
from emotion.terminal import FractionDone, UsageError

K_SAME: Final = "k-same"
LOOKS: Final = ("rendered", K_SAME)
READING_SHARE: Final = 0.4  # of a run whose face is made of others: looking at these


def run(arguments: Namespace, progress: FractionDone) -> Any:
    """Hide the faces of one recording; return what was done."""
    from deid.contributors import read_contributors
    from deid.drawn import read_covers
    from deid.groups import make_look
    from deid.pipeline import deidentify
    from deid.spans import read_spans
    from deid.task import Task, describe, load_hiding

    if arguments.spans is not None and arguments.audio != "mask":
        raise UsageError(f"expected --audio mask with --spans, got --audio {arguments.audio}")
    if (arguments.look == K_SAME) != (arguments.contributors is not None):
        raise UsageError("expected --look k-same and --contributors FOLDER together")
    spans = () if arguments.spans is None else read_spans(arguments.spans)
    covers = () if arguments.covers is None else read_covers(arguments.covers)
    hiding = load_hiding(arguments.weights, device=arguments.device)
    look, left_out = None, dict[str, str]()
    if arguments.look == K_SAME:
        people, left_out = read_contributors(
            arguments.contributors, hiding=hiding, progress=lambda share: progress(READING_SHARE * share)
        )
        look = make_look(people, arguments.k)
    before = 0.0 if look is None else READING_SHARE
    task = Task(
        arguments.method,
        faces=arguments.faces,
        exempt=arguments.exempt,
        audio=arguments.audio,
        donor=arguments.donor,
        seed=arguments.seed,
        neutral_s=arguments.neutral,
        covers=covers,
        spans=spans,
        look=look,
    )
    report = deidentify(
        arguments.video, arguments.output, task, hiding=hiding,
        progress=lambda share: progress(before + (1 - before) * share),
    )  # fmt: skip
    said = {"output": str(arguments.output), **describe(report)}
    return said if look is None else said | {"contributors_left_out": left_out}


def show_run(result: Any) -> str:
    """Return what was hidden, and what a person should look at, in lines."""
    hidden = [track for track in result["tracks"] if track["hidden"]]
    left = len(result["tracks"]) - len(hidden)
    lines = [
        f"{result['output']}: {result['frames']} frames, {len(hidden)} people hidden by {result['method']}"
        + (f", {left} left as they are" if left else "")
    ]
    if result["sound_spans"]:
        lines.append(
            f"{len(result['sound_spans'])} spans of the sound masked; all other sound and its voices are kept"
        )
    if result["voices"] == "all":
        lines.append("all sound is kept, and with it all voices")
    if result["found_by_second_detector"]:
        lines.append(
            f"{result['found_by_second_detector']} faces were found by the second detector and covered"
        )
    if "look" in result:
        lines += _show_look(result["look"], result["contributors_left_out"])
    lines += [
        f"track {track} is covered, not replaced: none of {result['casting'][track]['tried']} donors hides it"
        for track, donor in result.get("donors", {}).items()
        if donor is None
    ]
    lines += [
        f"look at {gap['start_ms'] / 1000:.1f} to {gap['end_ms'] / 1000:.1f} s: "
        f"track {gap['track']} was not seen"
        for gap in result["gaps_to_review"]
    ]
    lines += [
        f"look at {one['start_ms'] / 1000:.1f} to {one['end_ms'] / 1000:.1f} s: something is held before the "
        f"face of track {one['track']}; the drawn face covers it, and its expression is a guess"
        for one in result.get("held_before", [])
    ]
    return "\n".join(lines)


def speech(arguments: Namespace, progress: FractionDone) -> Any:
    """Return where somebody speaks, as a file of spans has it."""
    from deid.spans import propose_spans

    spans = propose_spans(arguments.video, arguments.weights)
    progress(1.0)
    return {"spans": [asdict(one) for one in spans]}


def show_speech(result: Any) -> str:
    """Return a line per span, and what to do with them."""
    if not result["spans"]:
        return "nobody speaks here"
    lines = [f"{one['start_s']:8.2f} to {one['end_s']:8.2f} s" for one in result["spans"]]
    return "\n".join([*lines, "--json prints them for run --audio mask --spans: keep those to be silenced"])


def _show_look(look: Any, left_out: dict[str, str]) -> list[str]:
    return [
        f"each face is the mean of {look['k']} of {look['contributors']} people: whoever knows them all is "
        f"right about whose it is once in {look['k']} times at best",
        *(f"{name} does not contribute: {reason}" for name, reason in left_out.items()),
    ]


def contribute(arguments: Namespace, progress: FractionDone) -> Any:
    """Write what one person contributes to the faces of others; return what it holds."""
    from deid.contribute import contribute as make
    from deid.contribution import write_contribution
    from deid.task import load_hiding

    contribution = make(arguments.video, hiding=load_hiding(arguments.weights, device=arguments.device))
    try:
        write_contribution(contribution, arguments.output)
    except OSError as error:
        raise OutputUnwritable(
            f"the contribution could not be written ({error.strerror}); choose another place"
        ) from error
    progress(1.0)
    return {
        "output": str(arguments.output),
        "digest": contribution.digest,
        "pictures": [*contribution.pictures],
    }


def show_contribute(result: Any) -> str:
    """Return what was written in a line."""
    return f"{result['output']}: {', '.join(result['pictures'])} ({result['digest']})"


def audit(arguments: Namespace, progress: FractionDone) -> Any:
    """Return both cards and the verdict of one result."""
    from deid.audit import AuditOptions, audit, load_tools
    from deid.gallery import list_gallery

    tools = load_tools(arguments.weights, device=arguments.device)
    people = list_gallery(arguments.gallery) if arguments.gallery else ()
    options = AuditOptions(people, faces=arguments.faces, exempt=arguments.exempt)
    return audit(arguments.original, arguments.output, tools=tools, options=options, progress=progress)


def show_audit(result: Any) -> str:
    """Return the verdict, its reasons and the main numbers in lines."""
    privacy, expression = result["privacy"], result["expression"]
    return "\n".join(
        [
            f"verdict: {result['verdict']}",
            *(f"  {reason}" for reason in result["reasons"]),
            f"faces as they were: {privacy['residual_face_frames']} of {privacy['frames']} frames, "
            f"at most {privacy['residual_rate_upper95']:.2%} (95 %)",
            f"finds the person: {_share(privacy['rank1'])} of the time among {privacy['gallery_size']}, "
            f"chance {_share(privacy['rank1_chance'])}, encoding alone {_share(privacy['control']['rank1'])}",
            *_show_attempts(privacy),
            *_show_bound(result["media"]["look"]),
            f"sound, as the file says: {_show_heard(result['media']['heard'])}",
            f"mean likeness to the person: {_number(privacy['similarity']['mean'])}, "
            f"encoding alone {_number(privacy['control']['similarity']['mean'])}",
            f"faces still found: {_share(expression['detection_retained'])}",
            f"expression classified alike: {_share(expression['agreement'])}, "
            f"encoding alone {_share(expression['control']['agreement'])}",
            f"movement of landmarks: r {_number(expression['landmark_correlation'])}",
        ]
    )


def _show_heard(heard: Any) -> str:
    if heard is None:
        return "nothing"
    return f"{heard['sound'].replace('-', ' ')}; voices heard: {heard['voices'].replace('-', ' ')}"


def _show_bound(look: Any) -> list[str]:
    if look is None:
        return []
    return [
        f"the face is made of {look['k']} of {look['contributors']} people: whose it is can be guessed right "
        f"{look['bound']:.1%} of the time at best"
    ]


def _show_attempts(privacy: Any) -> list[str]:
    lines = []
    if privacy["informed"] is not None:
        found = privacy["informed"]
        lines.append(
            f"finds the person, knowing the method: {_share(found['rank1'])} of the time among "
            f"{found['gallery_size']}, chance {_share(found['rank1_chance'])}"
        )
    if privacy["restored"] is not None:
        lines.append(f"finds the person after undoing the mask: {_share(privacy['restored']['rank1'])}")
    return lines


def _share(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.0%}"


def _number(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.2f}"


def chart(arguments: Namespace, progress: FractionDone) -> Any:
    """Draw audited results into one chart; return its points. Raises NotComparable, OutputUnwritable."""
    from deid.chart import draw_chart, read_point

    points = [read_point(name, path) for name, path in arguments.results]
    draw_chart(points, arguments.out)
    progress(1.0)
    return {"chart": str(arguments.out), "points": [asdict(point) for point in points]}


def show_chart(result: Any) -> str:
    """Return the points in lines, and where the chart is."""
    rows = [
        f"{one['name']:<10} finds the person {_share(one['risk']):>4}, classified alike {_share(one['kept'])}"
        for one in result["points"]
    ]
    return "\n".join([*rows, f"drawn into {result['chart']}"])


def donors(arguments: Namespace, progress: FractionDone) -> Any:
    """Return the whole bank, or one donor, drawn into a picture when asked for. Raises UnknownDonor."""
    from deid.donors import draw_portrait, find_donor, list_donors

    if arguments.action == "list":
        return {"donors": [donor.as_dict() for donor in list_donors()]}
    donor = find_donor(arguments.donor or "")
    if arguments.picture is not None:
        draw_portrait(donor.name, arguments.picture)
    progress(1.0)
    return {"donors": [donor.as_dict()]}


def show_donors(result: Any) -> str:
    """Return a line per donor."""
    return "\n".join(
        f"{one['name']:<10} {'female' if one['female'] > 0.5 else 'male':<7} age {one['age']:.2f}  "
        f"{one['ancestry']}"
        for one in result["donors"]
    )


def bench(arguments: Namespace, progress: FractionDone) -> Any:
    """Return the speed of each method on one recording."""
    from deid.bench import measure_method
    from deid.hiders import METHODS
    from deid.task import load_hiding

    hiding = load_hiding(arguments.weights, device=arguments.device)
    methods = arguments.method or METHODS
    results = []
    with tempfile.TemporaryDirectory(prefix="deid-bench-") as scratch:
        for number, method in enumerate(methods):
            results.append(asdict(measure_method(arguments.video, Path(scratch), method, hiding=hiding)))
            progress((number + 1) / len(methods))
    return {"methods": results}


def show_bench(result: Any) -> str:
    """Return a line per method."""
    return "\n".join(
        f"{one['method']:<10} {one['frames_per_s']:6.1f} frames/s   {one['cpu_ms_per_frame']:6.1f} ms of "
        f"processor time a frame   {one['peak_rss_mb']:.0f} MB"
        for one in result["methods"]
    )
