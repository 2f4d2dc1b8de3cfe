"""Film the demonstration: every frame of both cameras, their sound, and the truth beside them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

from deid.demo.cast import DOCTOR, NURSE, PATIENT, cast_person
from deid.demo.motion import blink_at, expression_at, nurse_pose_at, pose_at
from deid.demo.rooms import paint_room
from deid.demo.script import DURATION_S, truth_rows
from deid.demo.voice import RATE_HZ, camera_sound
from deid.heads.expressions import both_sides
from deid.heads.person import Person
from deid.heads.render import Camera, composite, develop, render_person
from emotion.media import write_video
from emotion.types import Image

FRAMES_PER_S = 25
SIZE_HW = (720, 1280)
OVERSAMPLING = 1.4
CRF = 23
LENSES = {
    "doctor": Camera(SIZE_HW, 1480.0, (0.0, -0.055, 0.0)),
    "patient": Camera(SIZE_HW, 1480.0, (0.0, -0.055, 0.0)),
}
IDENTITIES = {"doctor": DOCTOR, "patient": PATIENT}
Progress = Callable[[str, int, int], None]


class Studio:
    """One camera's corner of the room: its person, background and, for the patient, the nurse behind."""

    def __init__(self, camera: str) -> None:
        self.camera = camera
        self.lens = LENSES[camera]
        self.person = cast_person(IDENTITIES[camera])
        self.room = paint_room(camera, self.lens.size_hw)
        self._nurse: Person | None = None

    def frame_at(self, time_s: float) -> Image:
        """Return the frame at a time of the camera's own clock, BGR."""
        scene = self.room
        nurse_pose = nurse_pose_at(time_s) if self.camera == "patient" else None
        if nurse_pose is not None:
            self._nurse = self._nurse or cast_person(NURSE)
            lids = both_sides({"eyeBlink": blink_at(3, time_s)})
            behind = render_person(self._nurse, lids, nurse_pose, self.lens, oversampling=OVERSAMPLING)
            scene = composite(behind, scene)
        shown = render_person(
            self.person,
            expression_at(self.camera, time_s),
            pose_at(self.camera, time_s),
            self.lens,
            oversampling=OVERSAMPLING,
        )
        return develop(composite(shown, scene))


def film_camera(camera: str, destination: Path, progress: Progress | None = None) -> None:
    """Render one camera's file. Raises OutputUnwritable."""
    studio = Studio(camera)
    count = DURATION_S * FRAMES_PER_S

    def frames() -> Iterator[tuple[int, Image]]:
        for number in range(count):
            if progress is not None:
                progress(camera, number, count)
            yield number * 1_000_000 // FRAMES_PER_S, studio.frame_at(number / FRAMES_PER_S)

    write_video(
        destination, frames(), audio=camera_sound(camera), audio_rate_hz=RATE_HZ, crf=CRF, preset="slower"
    )


def write_truth(destination: Path) -> None:
    """Write truth.csv: one row for every second of every camera, and those in which the nurse is seen."""
    with destination.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["camera", "second", "role", "emotion", "present"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(truth_rows())
