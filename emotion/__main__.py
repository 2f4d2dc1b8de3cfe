"""The command line. Exit status: 0 done, 1 the work could not be done, 2 wrong usage, 130 cancelled."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final

from emotion import commands, study_commands
from emotion.labels import CAMERAS
from emotion.terminal import run_command

DEVICES: Final = ("auto", "cpu", "cuda")
ALSO: Final = ("elan", "openface", "pyfeat")
IMPORTED: Final = ("elan", "openface", "parquet", "py-feat")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    parser = build_parser()
    return run_command(parser, parser.parse_args(argv))


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; each names what does it and what words its result."""
    parser = argparse.ArgumentParser(
        prog="python -m emotion", description="What faces in consultation videos express, second by second."
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add, name, summary in (
        (_add_analyse, "analyse", "write timelines, a summary and a report of recordings"),
        (_add_classify, "classify", "name the expressions in pictures"),
        (_add_evaluate, "evaluate", "measure a model on labelled faces"),
        (_add_compare, "compare", "measure how far models, other systems and people agree on a recording"),
        (_add_statistics, "statistics", "compare groups of analysed encounters"),
        (_add_import, "import", "read the files of other programs"),
        (_add_sync, "sync", "find how much later the second recording began"),
        (_add_bench, "bench", "measure speed and memory on a recording"),
        (_add_weights, "weights", "install, list or verify the networks' weights"),
    ):
        command = subparsers.add_parser(name, help=summary, description=summary.capitalize() + ".")
        command.add_argument("--json", action="store_true", help="print one JSON object")
        command.add_argument("--weights", type=Path, metavar="DIR", help=argparse.SUPPRESS)
        add(command)
    return parser


def _add_analyse(command: argparse.ArgumentParser) -> None:
    command.add_argument("videos", type=Path, nargs="*", metavar="VIDEO")
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the results")
    command.add_argument(
        "--camera",
        type=_camera,
        action="append",
        default=[],
        metavar="NAME=VIDEO",
        help="patient=VIDEO, doctor=VIDEO: cameras of one encounter, put on the clock of the first",
    )
    command.add_argument("--sample-fps", type=_rate, default=Fraction(5), metavar="N", help="frames a second")
    command.add_argument("--resume", action="store_true", help="go on where an unfinished run stopped")
    command.add_argument(
        "--offset-ms",
        type=int,
        metavar="N",
        help="how many milliseconds after the first camera the second began, where you know better",
    )
    command.add_argument("--rules", type=Path, metavar="FILE", help="a study's own empathy rules, in YAML")
    command.add_argument("--language", default="en", metavar="CODE", help="of the suggestions")
    command.add_argument(
        "--calibrate",
        action="store_true",
        help="also write calibrated.csv, in which each person's resting face counts as neutral",
    )
    command.add_argument(
        "--also",
        action="append",
        default=[],
        choices=ALSO,
        help="also write the results for this program; may be given again",
    )
    _add_engine(command)
    command.set_defaults(run=commands.analyse, show=commands.show_analyses)


def _add_classify(command: argparse.ArgumentParser) -> None:
    command.add_argument("images", type=Path, nargs="+", metavar="IMAGE")
    _add_crop(command)
    _add_engine(command)
    command.set_defaults(run=commands.classify, show=commands.show_faces)


def _add_evaluate(command: argparse.ArgumentParser) -> None:
    command.add_argument("dataset", type=Path, metavar="DATASET", help="folder of class folders, or .npz")
    _add_crop(command)
    _add_engine(command)
    command.set_defaults(run=commands.evaluate, show=commands.show_values)


def _add_compare(command: argparse.ArgumentParser) -> None:
    command.add_argument("video", type=Path, metavar="VIDEO")
    command.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="NAME",
        help="a network to compare; without any, the default and all single networks",
    )
    command.add_argument(
        "--with",
        dest="others",
        type=_named_file,
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="labels of another system or a person: a folder of results, timeline.csv or .parquet, "
        "a py-feat table, or FILE.eaf#TIER",
    )
    command.add_argument(
        "--camera", metavar="NAME", help="the camera's name among the results given by --with"
    )
    command.add_argument(
        "--offset-ms",
        type=int,
        default=0,
        metavar="N",
        help="time of VIDEO's first frame on the clock of those results",
    )
    command.add_argument("--sample-fps", type=_rate, default=Fraction(5), metavar="N", help="frames a second")
    command.add_argument("--out", type=Path, metavar="DIR", help="keep each model's results in a folder here")
    command.add_argument("--device", choices=DEVICES, default="auto")
    command.set_defaults(run=study_commands.compare, show=study_commands.show_comparison)


def _add_statistics(command: argparse.ArgumentParser) -> None:
    command.add_argument("results", type=Path, nargs="*", metavar="DIR", help="results of one encounter each")
    command.add_argument(
        "--arm",
        type=_named_file,
        action="append",
        default=[],
        metavar="NAME=DIR",
        help="results of an encounter in one arm of a study; needs two arms",
    )
    command.add_argument("--role", choices=CAMERAS, default="doctor", help="whose faces arms are compared by")
    command.add_argument(
        "--doctor",
        type=_named_file,
        action="append",
        default=[],
        metavar="CODE=DIR",
        help="results of an encounter with this doctor: several of one doctor count as one unit",
    )
    command.add_argument("--seed", type=int, default=0, metavar="N", help="of random permutations")
    command.add_argument(
        "--published", action="store_true", help="reproduce the table of Yang et al. (2022) from its counts"
    )
    command.set_defaults(run=study_commands.statistics, show=study_commands.show_statistics)


def _add_import(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", type=Path, metavar="FILE")
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the results")
    command.add_argument("--format", choices=IMPORTED, help="without it, the file's columns tell")
    command.add_argument("--video", type=Path, metavar="VIDEO", help="the recording that the faces are of")
    command.add_argument("--camera", metavar="NAME", help="patient or doctor; without it, the video's name")
    command.set_defaults(run=study_commands.import_file, show=commands.show_values)


def _add_sync(command: argparse.ArgumentParser) -> None:
    command.add_argument("first", type=Path, metavar="VIDEO")
    command.add_argument("second", type=Path, metavar="VIDEO")
    command.set_defaults(run=commands.sync, show=commands.show_values)


def _add_bench(command: argparse.ArgumentParser) -> None:
    command.add_argument("video", type=Path, metavar="VIDEO")
    command.add_argument(
        "--hour", action="store_true", help="also follow memory over one hour of the recording"
    )
    _add_engine(command)
    command.set_defaults(run=commands.bench, show=commands.show_values)


def _add_weights(command: argparse.ArgumentParser) -> None:
    command.add_argument("action", choices=("install", "list", "verify"))
    command.set_defaults(run=commands.weights, show=commands.show_weights)


def _add_crop(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--crop", choices=("auto", "full"), default="auto", help="find faces, or take pictures whole as faces"
    )


def _add_engine(command: argparse.ArgumentParser) -> None:
    command.add_argument("--model", metavar="NAME", help="which network recognises expressions")
    command.add_argument("--device", choices=DEVICES, default="auto")


def _camera(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if not equals or not path or name not in CAMERAS:
        raise argparse.ArgumentTypeError(
            f"expected {' or '.join(f'{one}=VIDEO' for one in CAMERAS)}, got {text!r}"
        )
    return name, Path(path)


def _named_file(text: str) -> tuple[str, str]:
    name, equals, path = text.partition("=")
    if not equals or not name or not path:
        raise argparse.ArgumentTypeError(f"expected NAME=FILE, got {text!r}")
    return name, path


def _rate(text: str) -> Fraction:
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not 0 < rate <= 1000:
        raise argparse.ArgumentTypeError(f"expected a number of frames per second above 0, got {text!r}")
    return rate


if __name__ == "__main__":
    sys.exit(main())
