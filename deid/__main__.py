"""The command line. Exit status: 0 done, 1 the work could not be done, 2 wrong usage, 130 cancelled."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from deid import commands
from deid.average import DEFAULT_K
from deid.hiders import METHODS
from deid.sound import AUDIO
from emotion.inference import DEVICES
from emotion.terminal import run_command


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    parser = build_parser()
    return run_command(parser, parser.parse_args(argv))


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; each names what does it and what words its result."""
    parser = argparse.ArgumentParser(
        prog="python -m deid", description="Hide who is in a recording, keep what the faces express."
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add, name, summary in (
        (_add_run, "run", "write a copy of a recording with its faces hidden"),
        (_add_speech, "speech", "propose spans of the sound to mask: where somebody speaks"),
        (_add_contribute, "contribute", "write what one person contributes to the faces of others"),
        (_add_audit, "audit", "measure what a result still shows of the person and of the expression"),
        (_add_chart, "chart", "draw audited results as privacy against expression"),
        (_add_donors, "donors", "list or show the synthetic people whose faces are put in place"),
        (_add_bench, "bench", "measure the speed of the methods on a recording"),
    ):
        command = subparsers.add_parser(name, help=summary, description=summary.capitalize() + ".")
        command.add_argument("--json", action="store_true", help="print one JSON object")
        command.add_argument("--weights", type=Path, metavar="DIR", help=argparse.SUPPRESS)
        command.add_argument("--device", choices=DEVICES, default="auto")
        add(command)
    return parser


def _add_run(command: argparse.ArgumentParser) -> None:
    command.add_argument("video", type=Path, metavar="VIDEO")
    command.add_argument(
        "output", type=Path, metavar="OUTPUT", help="an MP4; replaced only when all went well"
    )
    command.add_argument("--method", choices=METHODS, required=True)
    command.add_argument(
        "--faces",
        default="all",
        metavar="all|ROLE|TRACK,…",
        help="whose faces to hide: all (default), a role (patient, doctor, person, irrelevant), or tracks",
    )
    command.add_argument(
        "--exempt",
        type=_tracks,
        default=(),
        metavar="TRACK,…",
        help="tracks that are left as they are",
    )
    command.add_argument(
        "--audio",
        choices=AUDIO,
        default="remove",
        help="remove the sound (default), mask it as noise of the same loudness, or keep it",
    )
    command.add_argument(
        "--spans",
        type=Path,
        metavar="JSON",
        help="with --audio mask: what alone is masked, as README describes",
    )
    command.add_argument("--donor", default="auto", metavar="ID", help="whose face is shown instead")
    command.add_argument(
        "--look",
        choices=commands.LOOKS,
        default=commands.LOOKS[0],
        help="for swap: a synthetic face (default), or the mean of at least K other people's",
    )
    command.add_argument(
        "--contributors",
        type=Path,
        metavar="FOLDER",
        help="for k-same: a video, or what contribute wrote, of each other person",
    )
    command.add_argument("--k", type=int, default=DEFAULT_K, metavar="K", help="for k-same: 8 by default")
    command.add_argument(
        "--neutral",
        type=_seconds,
        metavar="SECONDS",
        help="when the face is calm, for swap and avatar; else found over the whole recording",
    )
    command.add_argument(
        "--covers",
        type=Path,
        metavar="JSON",
        help="rectangles drawn over badges, screens or missed faces, as README describes",
    )
    command.add_argument("--seed", type=int, default=0, help="what is drawn by chance is drawn from this")
    command.set_defaults(run=commands.run, show=commands.show_run)


def _add_speech(command: argparse.ArgumentParser) -> None:
    command.add_argument("video", type=Path, metavar="VIDEO")
    command.set_defaults(run=commands.speech, show=commands.show_speech)


def _add_contribute(command: argparse.ArgumentParser) -> None:
    command.add_argument("video", type=Path, metavar="VIDEO", help="of the person who contributes")
    command.add_argument("output", type=Path, metavar="OUTPUT", help="a file whose name ends in .npz")
    command.set_defaults(run=commands.contribute, show=commands.show_contribute)


def _add_audit(command: argparse.ArgumentParser) -> None:
    command.add_argument("original", type=Path, metavar="ORIGINAL")
    command.add_argument("output", type=Path, metavar="OUTPUT")
    command.add_argument(
        "--gallery", type=Path, metavar="DIR", help="other people, one picture or video each, to tell apart"
    )
    command.add_argument("--faces", default="all", metavar="all|ROLE|TRACK,…", help="as in the run")
    command.add_argument("--exempt", type=_tracks, default=(), metavar="TRACK,…", help="as in the run")
    command.set_defaults(run=commands.audit, show=commands.show_audit)


def _add_chart(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "results", type=_named_path, nargs="+", metavar="NAME=JSON", help="what audit --json printed, named"
    )
    command.add_argument("--out", type=Path, required=True, metavar="PNG", help="or a name in .svg or .pdf")
    command.set_defaults(run=commands.chart, show=commands.show_chart)


def _add_donors(command: argparse.ArgumentParser) -> None:
    command.add_argument("action", choices=("list", "show"))
    command.add_argument("donor", nargs="?", metavar="ID")
    command.add_argument("--picture", type=Path, metavar="PNG", help="show: also draw the donor into a file")
    command.set_defaults(run=commands.donors, show=commands.show_donors)


def _add_bench(command: argparse.ArgumentParser) -> None:
    command.add_argument("video", type=Path, metavar="VIDEO")
    command.add_argument("--method", choices=METHODS, action="append", metavar="NAME", help="all by default")
    command.set_defaults(run=commands.bench, show=commands.show_bench)


def _named_path(text: str) -> tuple[str, Path]:
    name, separator, path = text.partition("=")
    if not (name and separator and path):
        raise argparse.ArgumentTypeError(f"expected NAME=JSON, got {text!r}")
    return name, Path(path)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected seconds from the start, got {text!r}")
    return value


def _tracks(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected numbers of tracks with commas, got {text!r}") from None


if __name__ == "__main__":
    sys.exit(main())
