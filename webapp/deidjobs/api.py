"""What the page on which covers are drawn asks for and sends: frames, covers, and where one goes."""

from __future__ import annotations

import base64
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
from webapp.deidjobs.access import access_derivative_file, access_recording_to_preview
from webapp.deidjobs.covers import MOST, Sketch, check_box, cover_state, save_covers
from webapp.deidjobs.models import Derivative
from webapp.deidjobs.queries import covers_of
from webapp.deidjobs.storage import version
from webapp.deidjobs.turns import one_at_a_time
from webapp.recordings import storage
from webapp.recordings.access import access_recording

LONGEST_FOLLOWED_US = 4 * engines.SECOND_US  # in one request; the page asks again for what follows
LARGEST_ID = 2**63 - 1
LATEST_US = 7 * 24 * 3600 * engines.SECOND_US  # as far as the engine lets covers be drawn
_PRIVATE = {"Cache-Control": "private, no-store"}


class CoverKeys(serializers.ListField):
    """[microseconds from the first frame, [left, top, right, bottom]], by time; checked by the engine."""

    child = serializers.JSONField()


class CoverInput(serializers.Serializer[Any]):
    id = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=LARGEST_ID)
    keys = CoverKeys(min_length=1, max_length=5000)
    reason = serializers.CharField(max_length=120)
    client_key = serializers.UUIDField(required=False, allow_null=True)


class CoversInput(serializers.Serializer[Any]):
    known = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID), max_length=1000
    )
    tried = serializers.ListField(child=serializers.UUIDField(), max_length=5000, default=list)
    covers = serializers.ListField(child=CoverInput(), max_length=MOST)


class CoverOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    keys = CoverKeys()
    reason = serializers.CharField()
    drawn_by = serializers.CharField()
    drawn_at = serializers.DateTimeField()
    client_key = serializers.UUIDField(allow_null=True)


class CoversOutput(serializers.Serializer[Any]):
    covers = CoverOutput(many=True)


class FramesOutput(serializers.Serializer[Any]):
    times_us = serializers.ListField(child=serializers.IntegerField())


class MomentOutput(serializers.Serializer[Any]):
    """jpeg: the face as it is, in base64."""

    time_us = serializers.IntegerField()
    jpeg = serializers.CharField()


class MomentsOutput(serializers.Serializer[Any]):
    moments = MomentOutput(many=True)


class FollowInput(serializers.Serializer[Any]):
    box_px = serializers.ListField(child=serializers.FloatField(), min_length=4, max_length=4)
    start_us = serializers.IntegerField(min_value=0, max_value=LATEST_US)
    end_us = serializers.IntegerField(min_value=0, max_value=LATEST_US)
    on_original = serializers.BooleanField(default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["end_us"] < attrs["start_us"]:
            raise serializers.ValidationError({"end_us": "Expected a time that is not before start_us."})
        return attrs


class FollowOutput(serializers.Serializer[Any]):
    keys = CoverKeys()
    lost = serializers.CharField(allow_blank=True)


class Covers(APIView):
    @extend_schema(responses=CoversOutput, summary="Covers that people have drawn over a recording")
    def get(self, request: Request, pk: UUID) -> Response:
        derivative = access_derivative_file(request.user, pk, "run_deidentification")
        covers = [cover_state(one) for one in covers_of(derivative.recording)]
        return Response({"covers": covers}, headers=_PRIVATE)

    @extend_schema(request=CoversInput, responses=CoversOutput, summary="Save the covers of a recording")
    def post(self, request: Request, pk: UUID) -> Response:
        derivative = access_derivative_file(request.user, pk, "run_deidentification")
        entry = CoversInput(data=request.data)
        entry.is_valid(raise_exception=True)
        said = entry.validated_data
        sketches = [
            Sketch(one.get("id"), one["keys"], one["reason"], one.get("client_key")) for one in said["covers"]
        ]
        saved = save_covers(
            derivative=derivative,
            actor=request.user,
            known=said["known"],
            sketches=sketches,
            tried=said["tried"],
        )
        return Response({"covers": [cover_state(one) for one in saved]}, headers=_PRIVATE)


class Frames(APIView):
    @extend_schema(responses=FramesOutput, summary="When each frame of a version is shown")
    def get(self, request: Request, pk: UUID) -> Response:
        derivative = access_derivative_file(request.user, pk, "run_deidentification")
        with one_at_a_time("frames", request.user.pk):  # some files have to be decoded for it
            times_us = engines.frame_times(_file_of(derivative))
        return Response({"times_us": times_us}, headers=_PRIVATE)


class Following(APIView):
    @extend_schema(
        request=FollowInput, responses=FollowOutput, summary="Follow a rectangle through some seconds"
    )
    def post(self, request: Request, pk: UUID) -> Response:
        derivative = access_derivative_file(request.user, pk, "run_deidentification")
        entry = FollowInput(data=request.data)
        entry.is_valid(raise_exception=True)
        said = entry.validated_data
        check_box(derivative.recording, said["box_px"])
        source = _file_of(derivative)
        if said["on_original"]:
            source = storage.original(
                access_recording(request.user, derivative.recording_id, "view_original")
            )
        with one_at_a_time("following", request.user.pk):
            found = engines.follow_cover(
                source,
                said["box_px"],
                start_us=said["start_us"],
                end_us=min(said["end_us"], said["start_us"] + LONGEST_FOLLOWED_US),
            )
        return Response({"keys": found.keys, "lost": found.lost}, headers=_PRIVATE)


class Moments(APIView):
    @extend_schema(responses=MomentsOutput, summary="Moments of a recording at which a face was found")
    def get(self, request: Request, pk: UUID) -> Response:
        recording = access_recording_to_preview(request.user, pk)
        with one_at_a_time("previewing", request.user.pk):
            found = engines.preview_moments(storage.original(recording))
        recording = access_recording_to_preview(request.user, pk)  # consent may have ended while this waited
        with transaction.atomic():
            audit.record(
                actor=request.user,
                action="recording.faces_viewed",
                target=recording,
                study_id=recording.encounter.study_id,
                details={"moments": len(found)},
            )
        moments = [{"time_us": one.time_us, "jpeg": base64.b64encode(one.jpeg).decode()} for one in found]
        return Response({"moments": moments}, headers=_PRIVATE)


def _file_of(derivative: Derivative) -> StoredFile:
    return version(derivative.recording_id, derivative.pk)
