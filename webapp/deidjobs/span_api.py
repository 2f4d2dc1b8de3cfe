"""What the page on which spans of sound are marked asks for and sends."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webapp import engines
from webapp.core import audit
from webapp.core.encrypted_path import StoredFile
from webapp.core.errors import Invalid
from webapp.deidjobs.access import access_recording_to_mark
from webapp.deidjobs.models import MarkedSpan
from webapp.deidjobs.queries import spans_of
from webapp.deidjobs.spans import MOST, SpanSketch, save_spans, span_state
from webapp.deidjobs.turns import one_at_a_time
from webapp.recordings import storage
from webapp.recordings.models import Recording

LARGEST_ID = 2**63 - 1
LATEST_US = 7 * 24 * 3600 * engines.SECOND_US
LONGEST_HEARD_US = 120 * engines.SECOND_US  # in one request; the page asks again for what follows
_PRIVATE = {"Cache-Control": "private, no-store"}


def _time() -> serializers.IntegerField:
    return serializers.IntegerField(min_value=0, max_value=LATEST_US)


class SpanInput(serializers.Serializer[Any]):
    """Microseconds from the first frame."""

    id = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=LARGEST_ID)
    start_us = _time()
    end_us = _time()
    style = serializers.ChoiceField(  # type: ignore[assignment]
        MarkedSpan.Style.choices, default=MarkedSpan.Style.MUTE
    )
    client_key = serializers.UUIDField(required=False, allow_null=True)


class SpansInput(serializers.Serializer[Any]):
    known = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID), max_length=MOST
    )
    tried = serializers.ListField(child=serializers.UUIDField(), max_length=5000, default=list)
    spans = serializers.ListField(child=SpanInput(), max_length=MOST)


class SpanOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    start_us = serializers.IntegerField()
    end_us = serializers.IntegerField()
    style = serializers.CharField()  # type: ignore[assignment]
    marked_by = serializers.CharField()
    marked_at = serializers.DateTimeField()
    client_key = serializers.UUIDField()


class SpansOutput(serializers.Serializer[Any]):
    spans = SpanOutput(many=True)


class SoundOutput(serializers.Serializer[Any]):
    """levels: 0 to 255 for each step from the first frame on. delay_us: by how much a player counts that
    frame later.
    """

    step_us = serializers.IntegerField()
    levels = serializers.ListField(child=serializers.IntegerField())
    delay_us = serializers.IntegerField()


class SpeechInput(serializers.Serializer[Any]):
    start_us = _time()


class SpeechOutput(serializers.Serializer[Any]):
    """spans: [from, to] in microseconds, the first perhaps from before the piece. end_us: how far it was
    listened to.
    """

    spans = serializers.ListField(child=serializers.ListField(child=serializers.IntegerField()))
    end_us = serializers.IntegerField()


class Spans(APIView):
    @extend_schema(responses=SpansOutput, summary="Spans of a recording's sound that people have marked")
    def get(self, request: Request, pk: UUID) -> Response:
        recording = access_recording_to_mark(request.user, pk)
        return Response({"spans": [span_state(one) for one in spans_of(recording)]}, headers=_PRIVATE)

    @extend_schema(request=SpansInput, responses=SpansOutput, summary="Save the marked spans of a recording")
    def post(self, request: Request, pk: UUID) -> Response:
        recording = access_recording_to_mark(request.user, pk)
        entry = SpansInput(data=request.data)
        entry.is_valid(raise_exception=True)
        said = entry.validated_data
        sketches = [
            SpanSketch(one.get("id"), one["start_us"], one["end_us"], one["style"], one.get("client_key"))
            for one in said["spans"]
        ]
        saved = save_spans(
            recording=recording,
            actor=request.user,
            known=said["known"],
            sketches=sketches,
            tried=said["tried"],
        )
        return Response({"spans": [span_state(one) for one in saved]}, headers=_PRIVATE)


class SoundDrawn(APIView):
    @extend_schema(responses=SoundOutput, summary="How loud a recording is over time")
    def get(self, request: Request, pk: UUID) -> Response:
        recording = access_recording_to_mark(request.user, pk)
        with one_at_a_time("sound", request.user.pk):  # all of it is decoded
            sound = engines.draw_sound(_with_sound(recording), duration_us=recording.duration_us or 0)
        recording = access_recording_to_mark(request.user, pk)  # consent may have ended while this waited
        with transaction.atomic():
            audit.record(
                actor=request.user,
                action="recording.sound_drawn",
                target=recording,
                study_id=recording.encounter.study_id,
            )
        said = {"step_us": sound.step_us, "levels": sound.levels, "delay_us": sound.delay_us}
        return Response(said, headers=_PRIVATE)


class Speech(APIView):
    @extend_schema(
        request=SpeechInput, responses=SpeechOutput, summary="Where somebody speaks in the next two minutes"
    )
    def post(self, request: Request, pk: UUID) -> Response:
        recording = access_recording_to_mark(request.user, pk)
        entry = SpeechInput(data=request.data)
        entry.is_valid(raise_exception=True)
        start_us, whole_us = entry.validated_data["start_us"], recording.duration_us or 0
        if start_us >= whole_us:
            raise Invalid("This is after the end of the recording.")
        end_us = min(start_us + LONGEST_HEARD_US, whole_us)
        with one_at_a_time("speech", request.user.pk):
            found = engines.propose_spans(_with_sound(recording), start_us=start_us, end_us=end_us)
        recording = access_recording_to_mark(request.user, pk)  # consent may have ended while this waited
        if start_us == 0:  # once for all the pieces of a recording
            with transaction.atomic():
                audit.record(
                    actor=request.user,
                    action="recording.speech_found",
                    target=recording,
                    study_id=recording.encounter.study_id,
                )
        return Response({"spans": found, "end_us": end_us}, headers=_PRIVATE)


def _with_sound(recording: Recording) -> StoredFile:
    if not recording.has_audio:
        raise Invalid("This recording has no sound to mark.")
    return storage.original(recording)
