"""What goes in and comes out, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from webapp.core.encrypted_path import StoredFile

SECOND_US = 1_000_000


@dataclass(frozen=True)
class CheckedVideo:
    """What a file turned out to be. frame_rate: an exact fraction as text, empty when the container does not
    say.
    """

    container: str
    codec: str
    width: int
    height: int
    duration_us: int
    frame_rate: str
    has_audio: bool
    playable: bool


@dataclass(frozen=True)
class Source:
    """One camera's recording. path: None where consent is withheld; then nothing of it is opened.

    samples_dir: where the faces of finished 30-second segments are kept for a later run.
    """

    camera: str
    path: StoredFile | None
    samples_dir: StoredFile
    duration_us: int


@dataclass(frozen=True)
class Stretch:
    """A piece of one camera's recording, its end excluded; None is the end of the file. is_kept: its faces
    were found already.
    """

    camera: str
    start_us: int
    end_us: int | None
    media_s: float
    is_kept: bool = False


@dataclass(frozen=True)
class Identity:
    """How the face of a camera's own person is told from others. network: that read it; faces: how many."""

    network: str
    faces: int
    embedding: tuple[float, ...]


@dataclass(frozen=True)
class Findings:
    """An analysis as plain data: rows and faces are dictionaries with the columns of the analysis app's
    tables. identities: by camera, of its own person, where they were asked for.
    """

    model: str
    params: dict[str, Any]
    versions: dict[str, str]
    weights: dict[str, str]
    sync: dict[str, Any] | None
    offsets_ms: dict[str, float]
    summary: dict[str, Any]
    rows: list[dict[str, Any]]
    faces: list[dict[str, Any]]
    identities: dict[str, Identity] = field(default_factory=dict)


@dataclass(frozen=True)
class Calibrated:
    """One person's rows with their resting face as neutral, the seconds that showed it, and the summary."""

    rows: list[dict[str, Any]]
    seconds: list[int]
    summary: dict[str, Any]


@dataclass(frozen=True)
class ByHand:
    """What people say that the analysis should take for given.

    offset_ms: by how much the second camera began later, None lets the sound tell. corrections: of who is
    who, by camera, in the order in which they were made; each has the fields of emotion.people.Correction.
    rules: the study's empathy rules in YAML, empty for those that ship.
    """

    offset_ms: int | None = None
    corrections: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    rules: str = ""


#: A rectangle that a person drew: microseconds from the first frame, and left, top, right, bottom in pixels.
Cover = tuple[tuple[int, tuple[float, ...]], ...]


#: What is masked of the sound: from and to in microseconds from the first frame; the style, mute or bleep.
Span = tuple[int, int, str]


@dataclass(frozen=True)
class MeanLook:
    """Of whom the person's face is made: files of contributions, at least k of which are averaged.

    worn: digests of those of whose mean the person has been given before.
    """

    contributions: tuple[StoredFile, ...]
    k: int
    worn: tuple[str, ...] = ()


@dataclass(frozen=True)
class MadeContribution:
    """A file of what somebody gives to a mean. digest: as records of means name it."""

    digest: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class HidingJob:
    """What is to be hidden in a recording. folder: where the results of its steps are kept meanwhile.

    donor: of the person whom the camera is pointed at, or auto. taken: donors of others in the study. covers:
    drawn by people. spans: of the sound, marked by people. exempt: tracks that stay as they are. neutral_s:
    when the face is calm. earlier: folder of another job on the same recording, whose results are used where
    they are the same. look: None for a rendered donor.
    """

    source: StoredFile
    destination: StoredFile
    folder: StoredFile
    method: str
    audio: str
    donor: str
    seed: int
    taken: tuple[str, ...] = ()
    covers: tuple[Cover, ...] = ()
    spans: tuple[Span, ...] = ()
    exempt: tuple[int, ...] = ()
    neutral_s: float | None = None
    earlier: StoredFile | None = None
    look: MeanLook | None = None


@dataclass(frozen=True)
class Judging:
    """How a file is to be judged. limits: what the study asks of it. others: recordings of other people."""

    limits: dict[str, float]
    others: tuple[StoredFile, ...] = ()


@dataclass(frozen=True)
class HidingStep:
    """A step of a de-identification. kind: look, watch, cast, write, join or audit.

    start_us, seconds: of the recording. media_s: the part of those seconds that the step stands for, so that
    all steps of all kinds come to the length of the recording.
    """

    kind: str
    name: str
    start_us: int
    seconds: float
    media_s: float
    is_done: bool


@dataclass(frozen=True)
class HiddenVideo:
    """A de-identified file as plain data: how it was made, what was done, and what the audit measured."""

    recipe: dict[str, Any]
    report: dict[str, Any]
    privacy: dict[str, Any]
    expression: dict[str, Any]
    media: dict[str, Any]
    verdict: str
    reasons: list[str]
    limits: dict[str, float]
    sha256: str
    size_bytes: int
