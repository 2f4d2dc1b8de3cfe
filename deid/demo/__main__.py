"""python -m deid.demo OUTPUT_DIR: film the demonstration."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2

from deid.demo.film import film_camera, write_truth
from emotion.errors import EmotionError


def main(arguments: list[str] | None = None) -> int:
    """Write both cameras' files and truth.csv into a folder; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m deid.demo", description="film the demonstration")
    parser.add_argument("output_dir", type=Path)
    parser.add_argument("--camera", choices=("doctor", "patient"), help="only this one")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    try:
        options.output_dir.mkdir(parents=True, exist_ok=True)
        for camera in [options.camera] if options.camera else ["doctor", "patient"]:
            film_camera(camera, options.output_dir / f"consultation_{camera}.mp4", _show_progress)
        write_truth(options.output_dir / "truth.csv")
    except (EmotionError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _show_progress(camera: str, done: int, count: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{camera}: frame {done + 1} of {count}", end="", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
