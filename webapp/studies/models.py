"""Studies, who works in them, who takes part, and their encounters."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.urls import reverse

from webapp.studies.roles import Role
from webapp.studies.states import STATES, StateRule, StudyState


class Study(models.Model):
    slug = models.SlugField(max_length=40, unique=True)
    title = models.CharField(max_length=200)
    protocol_number = models.CharField("protocol number", max_length=60, blank=True)
    purpose = models.TextField("purpose statement", blank=True)
    state = models.CharField(max_length=12, choices=StudyState.choices, default=StudyState.DRAFT)
    starts_on = models.DateField("first day", null=True, blank=True)
    ends_on = models.DateField("last day", null=True, blank=True)
    target_encounters = models.PositiveIntegerField("planned encounters", default=0)
    retention_days = models.PositiveIntegerField(
        "days to keep recordings",
        null=True,
        blank=True,
        help_text="Counted from the consultation. Empty: until consent is withdrawn.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("title",)
        verbose_name_plural = "studies"

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("studies:overview", args=[self.slug])

    @property
    def rule(self) -> StateRule:
        return STATES[self.state]


class Site(models.Model):
    """A place where a study records: a hospital, a practice, a ward."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="sites")
    name = models.CharField(max_length=120)

    class Meta:
        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=("study", "name"), name="one_site_per_study_and_name"),)

    def __str__(self) -> str:
        return self.name


class Arm(models.Model):
    """What an encounter is allocated to: how much the doctor is told while the consultation goes on."""

    class Policy(models.TextChoices):
        NONE = "none", "No suggestions"
        AMBIENT = "ambient", "Ambient: always in view"
        SPARSE = "sparse", "Sparse: only when it matters"

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="arms")
    name = models.CharField(max_length=60)
    policy = models.CharField("suggestions", max_length=8, choices=Policy.choices, default=Policy.NONE)

    class Meta:
        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=("study", "name"), name="one_arm_per_study_and_name"),)

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    site = models.ForeignKey(
        Site,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="memberships",
        help_text="Sees only this site. Empty: all sites.",
    )

    class Meta:
        ordering = ("role", "user")
        constraints = (
            models.UniqueConstraint(fields=("study", "user"), name="one_membership_per_study_and_user"),
        )

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"


class Invitation(models.Model):
    """A link that makes whoever holds it a member, once, until it expires. Only the link's hash is kept."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField("e-mail address")
    role = models.CharField(max_length=20, choices=Role.choices)
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    token_sha256 = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"invitation {self.pk} as {self.role}"


class Attribute(models.Model):
    """Something that this study records of each participant, besides sex and age."""

    class Kind(models.TextChoices):
        TEXT = "text", "Short text"
        NUMBER = "number", "Number"
        CHOICE = "choice", "One of a list"

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="attributes")
    name = models.SlugField(max_length=40)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.TEXT)
    choices = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(fields=("study", "name"), name="one_attribute_per_study_and_name"),
        )

    def __str__(self) -> str:
        return self.name


class Participant(models.Model):
    """A doctor or a patient under a pseudonymous code. The key to the name is never in the system."""

    class Kind(models.TextChoices):
        DOCTOR = "doctor", "Doctor"
        PATIENT = "patient", "Patient"

    class Sex(models.TextChoices):
        FEMALE = "female", "Female"
        MALE = "male", "Male"
        DIVERSE = "diverse", "Diverse"

    #: From this age on people are few enough to be recognised by it; the exact age is not kept.
    OLDEST_AGE = 90

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="participants")
    site = models.ForeignKey(
        Site, null=True, blank=True, on_delete=models.PROTECT, related_name="participants"
    )
    code = models.CharField(max_length=20)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="participations",
        help_text="The doctor's own account, so that they see their own encounters.",
    )
    sex = models.CharField(max_length=10, choices=Sex.choices, blank=True)
    age = models.PositiveSmallIntegerField("age in years", null=True, blank=True)
    attributes = models.JSONField(default=dict, blank=True)
    ask_anew_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="When a coordinator had them asked for consent anew; an answer after that settles it.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("kind", "code")
        constraints = (
            models.UniqueConstraint(fields=("study", "code"), name="one_participant_per_study_and_code"),
            models.CheckConstraint(
                condition=models.Q(user=None) | models.Q(kind="doctor"), name="only_doctors_have_accounts"
            ),
            models.CheckConstraint(
                condition=models.Q(age=None) | models.Q(age__lte=90), name="no_age_above_90"
            ),
        )

    def __str__(self) -> str:
        return self.code

    @property
    def age_words(self) -> str:
        """Return the age as pages and exports show it, empty when it is not recorded."""
        if self.age is None:
            return ""
        return f"{self.age}+" if self.age >= self.OLDEST_AGE else str(self.age)


class Encounter(models.Model):
    """One consultation: a doctor, a patient, two cameras."""

    class Status(models.TextChoices):
        PLANNED = "planned", "Planned"
        RECORDED = "recorded", "Recorded"
        EXCLUDED = "excluded", "Excluded"

    class Reason(models.TextChoices):
        VIDEO_DAMAGED = "video_damaged", "Video damaged"
        NOT_ELIGIBLE = "not_eligible", "Not eligible"
        DID_NOT_HAPPEN = "did_not_happen", "Consultation did not take place"
        CONSENT_WITHDRAWN = "consent_withdrawn", "Consent withdrawn"
        RETENTION_ENDED = "retention_ended", "Kept as long as promised"
        OTHER = "other", "Another reason"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="encounters")
    number = models.PositiveIntegerField()
    doctor = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="encounters_as_doctor")
    patient = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="encounters_as_patient")
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.PROTECT, related_name="encounters")
    arm = models.ForeignKey(Arm, null=True, blank=True, on_delete=models.PROTECT, related_name="encounters")
    held_on = models.DateField("date of the consultation")
    department = models.CharField(max_length=120, blank=True)
    keep_until = models.DateField("last day to keep what was recorded", null=True, blank=True, db_index=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PLANNED)
    reason = models.CharField("reason of exclusion", max_length=24, choices=Reason.choices, blank=True)
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-number",)
        indexes = (models.Index(fields=("study", "status"), name="encounters_by_status"),)
        constraints = (
            models.UniqueConstraint(fields=("study", "number"), name="one_encounter_per_study_and_number"),
        )

    def __str__(self) -> str:
        return self.code

    @property
    def code(self) -> str:
        return f"E-{self.number:04d}"

    def get_absolute_url(self) -> str:
        return reverse("analysis:encounter", args=[self.pk])


class SavedView(models.Model):
    """A list as somebody likes to see it: its filters and order, under a name, for that person alone."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="+")
    page = models.CharField(max_length=20)
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=500)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(fields=("user", "study", "page", "name"), name="one_view_per_name"),
        )

    def __str__(self) -> str:
        return self.name
