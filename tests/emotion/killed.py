"""Runs `analyse` again and again, killing it at every change it makes on the disk, and resumes each time.

`python -m tests.emotion.killed VIDEO FOLDER` prints how many moments were tried; it exits with 1 and names
the moment when a resumed run's files differ from those of an unbroken one. Networks are stand-ins; the
killing is real: the process ends by SIGKILL before or after the n-th change, with nothing cleaned up.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pyarrow.parquet  # noqa: F401 - loaded here once, not in every child
import scipy.signal  # noqa: F401

import emotion.sync  # noqa: F401
from emotion import pipeline
from emotion.__main__ import main
from emotion.results import FILES
from tests.emotion.stand_ins import engine

CHANGES = ((pathlib.Path, "replace"), (pathlib.Path, "unlink"), (pathlib.Path, "write_text"))


def analyse(video: Path, out: Path, *more: str) -> int:
    return main(["analyse", str(video), "--out", str(out), "--also", "elan", *more])


def in_child(work: Callable[[], int]) -> int:
    """Return the exit status of a forked process, negative when a signal ended it."""
    child = os.fork()
    if child == 0:
        sys.stdout = sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - the process ends here
        os._exit(work())
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def die_at(moment: int) -> None:
    """From now on, kill this process before (even moments) or after (odd ones) its n-th change on disk."""
    done = 0

    def watched(original: Callable) -> Callable:
        def change(*arguments, **named):
            nonlocal done
            done += 1
            if moment == 2 * done:
                os.kill(os.getpid(), signal.SIGKILL)
            result = original(*arguments, **named)
            if moment == 2 * done + 1:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return change

    for owner, name in CHANGES:
        setattr(owner, name, watched(getattr(owner, name)))


def killed_run(video: Path, out: Path, moment: int) -> int:
    die_at(moment)
    return analyse(video, out)


def contents(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}


def try_every_moment(video: Path, folder: Path) -> int:
    assert in_child(partial(analyse, video, folder / "whole")) == 0
    whole = contents(folder / "whole")
    moment = 2
    out = folder / "out"
    while True:
        shutil.rmtree(out, ignore_errors=True)
        status = in_child(partial(killed_run, video, out, moment))
        if status == 0:
            return moment - 2
        assert status == -signal.SIGKILL, f"moment {moment} ended with {status}"
        present = {path.name for path in out.iterdir()} if out.exists() else set()
        assert "run.json" not in present or set(FILES) <= present, f"moment {moment}: half a result"
        assert in_child(partial(analyse, video, out, "--resume")) == 0, f"moment {moment} cannot be resumed"
        assert contents(out) == whole, f"moment {moment} gives other files"
        moment += 1


if __name__ == "__main__":
    pipeline.load_engine = lambda *_args, **_named: engine()  # type: ignore[assignment]
    sys.stdout.write(str(try_every_moment(Path(sys.argv[1]), Path(sys.argv[2]))))
