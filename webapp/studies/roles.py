"""Who may do what in a study: one table, asked by access.py and by nothing else."""

from __future__ import annotations

from typing import Final, Literal

from django.db import models

Need = Literal[
    "view_study",
    "manage_participants",
    "create_encounter",
    "view_encounter",
    "upload_recording",
    "run_analysis",
    "view_results",
    "view_original",
    "view_jobs",
    "manage_consent",
    "view_audit",
    "manage_study",
    "manage_members",
    "approve_study",
    "open_live",
    "view_live",
    "view_feedback",
    "run_deidentification",
    "view_deidentified",
    "review_deidentified",
    "view_releases",
    "share_releases",
]


class Role(models.TextChoices):
    OWNER = "owner", "Owner"
    COORDINATOR = "coordinator", "Coordinator"
    ANNOTATOR = "annotator", "Annotator"
    DOCTOR = "doctor", "Doctor"
    AUDITOR = "auditor", "Auditor"


_COORDINATOR: Final[frozenset[Need]] = frozenset(
    {
        "view_study",
        "manage_participants",
        "create_encounter",
        "view_encounter",
        "upload_recording",
        "run_analysis",
        "view_results",
        "view_original",
        "view_jobs",
        "manage_consent",
        "view_audit",
        "manage_study",
        "manage_members",
        "open_live",
        "run_deidentification",
        "view_deidentified",
        "review_deidentified",
        "view_releases",
        "share_releases",
    }
)
_OBSERVER: Final[frozenset[Need]] = frozenset(
    {"view_study", "view_encounter", "view_results", "view_original", "view_deidentified"}
)
_AUDITOR: Final[frozenset[Need]] = frozenset(
    {
        *("view_study", "view_encounter", "view_results", "view_jobs", "view_audit"),
        *("view_deidentified", "review_deidentified", "view_releases"),
    }
)
ALLOWED: Final[dict[str, frozenset[Need]]] = {
    Role.OWNER: _COORDINATOR | {"approve_study"},
    Role.COORDINATOR: _COORDINATOR,
    Role.ANNOTATOR: _OBSERVER,
    Role.DOCTOR: _OBSERVER | {"open_live", "view_live", "view_feedback"},
    Role.AUDITOR: _AUDITOR,
}
#: What concerns all sites at once: members of one site do not have it, whatever their role.
WHOLE_STUDY: Final[frozenset[Need]] = frozenset({"view_releases", "share_releases"})
