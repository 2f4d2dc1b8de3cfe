"""The shapes of the API's answers, for its schema."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from webapp.analysis.models import PersonCorrection
from webapp.jobs.models import JobState
from webapp.recordings.models import Camera, RecordingState

Plain = serializers.Serializer[Any]


class RecordingOutput(Plain):
    id = serializers.UUIDField()
    camera = serializers.ChoiceField(choices=Camera.choices)
    state = serializers.ChoiceField(choices=RecordingState.choices)
    message = serializers.CharField()
    original_name = serializers.CharField()
    duration_s = serializers.FloatField(allow_null=True)
    width = serializers.IntegerField(allow_null=True)
    height = serializers.IntegerField(allow_null=True)
    fps = serializers.FloatField(allow_null=True)
    size_bytes = serializers.IntegerField()
    sha256 = serializers.CharField()
    has_audio = serializers.BooleanField()
    playable = serializers.BooleanField(help_text="Browsers can play the file as it is.")
    poster_url = serializers.CharField(allow_null=True)
    video_url = serializers.CharField(allow_null=True)


class JobOutput(Plain):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    state = serializers.ChoiceField(choices=JobState.choices)
    progress = serializers.FloatField(help_text="0..1")
    message = serializers.CharField()
    remaining_s = serializers.IntegerField(allow_null=True)
    can_cancel = serializers.BooleanField()
    can_retry = serializers.BooleanField()
    cancel_url = serializers.CharField()
    retry_url = serializers.CharField()


class RunOutput(Plain):
    id = serializers.UUIDField()
    model = serializers.CharField()
    current = serializers.BooleanField(help_text="It rests on exactly the recordings that are ready now.")
    finished_at = serializers.DateTimeField()
    timeline_url = serializers.CharField()
    faces_url = serializers.CharField()
    csv_url = serializers.CharField()


class EncounterOutput(Plain):
    id = serializers.UUIDField()
    code = serializers.CharField()
    recordings = RecordingOutput(many=True)
    jobs = JobOutput(many=True)
    run = RunOutput(allow_null=True, help_text="The newest run.")
    runs = RunOutput(many=True, help_text="The newest run of each model, the newest first.")


class RunInput(Plain):
    model = serializers.CharField(required=False, allow_blank=True, max_length=60)


class PersonInput(Plain):
    camera = serializers.ChoiceField(choices=Camera.choices)
    kind = serializers.ChoiceField(choices=PersonCorrection.Kind.choices)
    track = serializers.IntegerField(min_value=1)
    role = serializers.ChoiceField(choices=PersonCorrection.Role.choices, required=False, allow_blank=True)
    into = serializers.IntegerField(min_value=1, required=False, allow_null=True)
    at_ms = serializers.IntegerField(
        min_value=0, required=False, allow_null=True, help_text="In the camera's own time."
    )


class ClockInput(Plain):
    offset_ms = serializers.IntegerField(
        allow_null=True, help_text="Added to the patient's camera's time; null lets the recordings tell."
    )


class SyncOutput(Plain):
    offset_ms = serializers.FloatField(allow_null=True, help_text="Added to the second camera's time.")
    confidence = serializers.FloatField(allow_null=True)
    method = serializers.CharField(allow_blank=True)
    applied = serializers.BooleanField()


class SummaryOutput(Plain):
    duration_s = serializers.FloatField()
    detection_rate = serializers.FloatField(allow_null=True)
    seconds = serializers.DictField(child=serializers.IntegerField())
    seconds_by_emotion = serializers.DictField(child=serializers.IntegerField())
    share_by_emotion = serializers.DictField(child=serializers.FloatField(allow_null=True))
    changes_per_minute = serializers.FloatField(allow_null=True)
    dominant = serializers.CharField(allow_null=True)


def _numbers() -> serializers.ListField:
    return serializers.ListField(child=serializers.FloatField(allow_null=True))


class CalibratedOutput(Plain):
    emotion = serializers.ListField(child=serializers.CharField(allow_null=True))
    confidence = _numbers()
    probs = serializers.DictField(child=_numbers())
    valence = _numbers()
    arousal = _numbers()
    summary = SummaryOutput()
    resting_seconds = serializers.ListField(child=serializers.IntegerField())


class LaneOutput(Plain):
    camera = serializers.ChoiceField(choices=Camera.choices)
    role = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    offset_ms = serializers.FloatField(
        help_text="Added to the camera's own time to get the encounter's clock."
    )
    seconds = serializers.ListField(child=serializers.IntegerField())
    status = serializers.ListField(child=serializers.CharField())
    emotion = serializers.ListField(child=serializers.CharField(allow_null=True))
    confidence = _numbers()
    probs = serializers.DictField(child=_numbers())
    valence = _numbers()
    arousal = _numbers()
    summary = SummaryOutput()
    calibrated = CalibratedOutput(
        allow_null=True, help_text="The same with the person's resting face as neutral, once one was chosen."
    )


class HiddenOutput(Plain):
    camera = serializers.ChoiceField(choices=Camera.choices)
    role = serializers.CharField()
    why = serializers.CharField()


class TimelineOutput(Plain):
    id = serializers.UUIDField()
    model = serializers.CharField()
    emotions = serializers.ListField(child=serializers.CharField())
    duration_s = serializers.IntegerField()
    sync = SyncOutput()
    lanes = LaneOutput(many=True)
    hidden = HiddenOutput(many=True, help_text="Lanes that are not for you; in timeline.csv they are empty.")


class RestingUndoInput(Plain):
    camera = serializers.ChoiceField(choices=Camera.choices)


class RestingInput(RestingUndoInput):
    second = serializers.IntegerField(
        allow_null=True, min_value=-86_400, max_value=86_400,
        help_text="On the encounter's clock; null takes the first quiet seconds.",
    )  # fmt: skip


class IdentityOutput(Plain):
    role = serializers.CharField()
    network = serializers.CharField(help_text="As the run names it among its weights.")
    faces = serializers.IntegerField(help_text="How many faces the embedding is the mean of.")
    embedding = _numbers()


class IdentitiesOutput(Plain):
    identities = serializers.DictField(child=IdentityOutput(), help_text="By camera, of its own person.")


class CsvInput(Plain):
    calibrated = serializers.BooleanField(
        default=False, help_text="With the resting face as neutral of everybody for whom one was chosen."
    )


class FacesInput(Plain):
    camera = serializers.ChoiceField(choices=Camera.choices)
    from_s = serializers.FloatField(min_value=0, default=0)
    to_s = serializers.FloatField(min_value=0)


class FacesOutput(Plain):
    camera = serializers.ChoiceField(choices=Camera.choices)
    offset_ms = serializers.FloatField()
    t_ms = serializers.ListField(child=serializers.IntegerField())
    track = serializers.ListField(child=serializers.IntegerField())
    role = serializers.ListField(child=serializers.CharField())
    box = serializers.ListField(child=_numbers(), help_text="x, y, width, height in parts of the frame.")
    emotion = serializers.ListField(child=serializers.CharField(allow_null=True))
    confidence = _numbers()
