"""What the commands of both libraries share: running one, its progress bar, and ending well when told to."""

from __future__ import annotations

import json
import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from emotion.errors import Cancelled, EmotionError

FractionDone = Callable[[float], None]
CANCELLED: Final = 130


class UsageError(Exception):
    """The words of a command are right, but not together. str() is one sentence."""


def run_command(parser: ArgumentParser, arguments: Namespace) -> int:
    """Run the command that a parser chose and return its exit status: 0 done, 1 not done, 130 cancelled.

    arguments: run takes them and whom to tell the fraction done, show words what it returned. Exits with 2
    for a UsageError.
    """
    interrupt_on_sigterm()
    try:
        with progress_bar() as progress:
            result = arguments.run(arguments, progress)
    except UsageError as error:
        parser.error(str(error))
    except Cancelled as error:
        print(error, file=sys.stderr)
        return CANCELLED
    except EmotionError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Cancelled.", file=sys.stderr)
        return CANCELLED
    print(json.dumps(result, ensure_ascii=False) if arguments.json else arguments.show(result))
    return 0


@contextmanager
def progress_bar() -> Iterator[FractionDone]:
    """Give something to tell the fraction done to; it draws a bar on a terminal and is silent elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from tqdm import tqdm

    with tqdm(total=1.0, leave=False, bar_format="{percentage:3.0f} % |{bar}| {remaining} left") as bar:

        def advance(fraction: float) -> None:
            bar.update(max(0.0, min(1.0, fraction) - bar.n))

        yield advance


def interrupt_on_sigterm() -> None:
    """Let a polite request to end unwind like Ctrl-C, so that nothing unfinished stays behind."""
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
