"""How fast the common masking tool is on the same recording: `python -m benchmarks.deface VIDEO`.

deface wants another build of OpenCV than ours, so it gets an environment of its own beside our packages, made
on first use. Nothing of ours imports it.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Final

from benchmarks.memory import ROOT
from emotion.media import picture_times

VERSION: Final = "1.5.0"
HOME: Final = ROOT / ".venv" / "deface"
SIZES: Final = {"full size": (), "640x360": ("--scale", "640x360")}


def measure_deface(video: Path) -> dict[str, float | str]:
    """Return its frames a second and processor time by the size at which it looks for faces, everything
    included, or why it was not measured.
    """
    program = HOME / "bin" / "deface"
    if not _is_installed() and not _install():
        return {"not measured": "deface could not be installed; is the package index reachable?"}
    frames = len(picture_times(video) or ())
    if not frames:
        return {"not measured": "the recording does not say how many frames it has"}
    figures: dict[str, float | str] = {}
    with tempfile.TemporaryDirectory(prefix="deface-") as scratch:
        for words, options in SIZES.items():
            began, cpu_s = time.perf_counter(), _cpu_s()
            command = [str(program), str(video), "-o", f"{scratch}/out.mp4", *options]
            done = subprocess.run(command, capture_output=True, check=False)
            if done.returncode:
                return figures | {"not measured": f"deface ended with status {done.returncode}"}
            figures[f"frames/s, {words}"] = round(frames / (time.perf_counter() - began), 1)
            figures[f"processor milliseconds per frame, {words}"] = round(
                1000 * (_cpu_s() - cpu_s) / frames, 1
            )
    return figures


def _is_installed() -> bool:
    return any(HOME.glob(f"lib/*/site-packages/deface-{VERSION}.dist-info"))


def _install() -> bool:
    venv.create(HOME, with_pip=True, clear=True)
    command = [str(HOME / "bin" / "python"), "-m", "pip", "install", "--quiet", f"deface=={VERSION}"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    print(json.dumps(measure_deface(Path(sys.argv[1]))))
