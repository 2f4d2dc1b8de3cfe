"""The seam: the only web modules that import emotion or deid, inside functions so that web starts light.

What goes in and comes out is plain data. Errors of the libraries leave as AppError with the same code and
sentence; a cancelled run leaves as Stopped.
"""

from typing import TYPE_CHECKING

from webapp.engines.analysis import conclude, default_model, forget, known_models, plan, sample
from webapp.engines.averaging import contribute_face, ks_of_means
from webapp.engines.drawing import check_cover, follow_cover, frame_times
from webapp.engines.hiding import (
    donor_methods,
    donors_of_people,
    finish_hiding,
    forget_hiding,
    hide_step,
    keep_parts,
    known_donors,
    known_methods,
    known_sounds,
    main_donor,
    plan_hiding,
    usual_limits,
)
from webapp.engines.live import (
    live_consultation,
    live_follower,
    live_row,
    live_sighting,
    read_live_frames,
    session_findings,
    start_live_reader,
)
from webapp.engines.media import check_video, demo_videos, is_readable, read_camera_jpegs
from webapp.engines.previewing import preview_hiding, preview_moments, warm_previews
from webapp.engines.resting import calibrate
from webapp.engines.rules import check_rules, shipped_rules
from webapp.engines.sounding import MARKED, Sound, check_span, draw_sound, propose_spans
from webapp.engines.values import (
    SECOND_US,
    ByHand,
    Calibrated,
    CheckedVideo,
    Cover,
    Findings,
    HiddenVideo,
    HidingJob,
    HidingStep,
    Identity,
    Judging,
    MadeContribution,
    MeanLook,
    Source,
    Span,
    Stretch,
)

if TYPE_CHECKING:
    from emotion.live.faces import LiveFrame as LiveFrame

__all__ = [
    "MARKED",
    "SECOND_US",
    "ByHand",
    "Calibrated",
    "CheckedVideo",
    "Cover",
    "Findings",
    "HiddenVideo",
    "HidingJob",
    "HidingStep",
    "Identity",
    "Judging",
    "MadeContribution",
    "MeanLook",
    "Sound",
    "Source",
    "Span",
    "Stretch",
    "calibrate",
    "check_cover",
    "check_rules",
    "check_span",
    "check_video",
    "conclude",
    "contribute_face",
    "default_model",
    "demo_videos",
    "donor_methods",
    "donors_of_people",
    "draw_sound",
    "finish_hiding",
    "follow_cover",
    "forget",
    "forget_hiding",
    "frame_times",
    "hide_step",
    "is_readable",
    "keep_parts",
    "known_donors",
    "known_methods",
    "known_models",
    "known_sounds",
    "ks_of_means",
    "live_consultation",
    "live_follower",
    "live_row",
    "live_sighting",
    "main_donor",
    "plan",
    "plan_hiding",
    "preview_hiding",
    "preview_moments",
    "propose_spans",
    "read_camera_jpegs",
    "read_live_frames",
    "sample",
    "session_findings",
    "shipped_rules",
    "start_live_reader",
    "usual_limits",
    "warm_previews",
]
