"""What the commands of both libraries share: a progress bar, and ending well when told to."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

FractionDone = Callable[[float], None]


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
