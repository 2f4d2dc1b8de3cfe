"""Releases over the API: what would go in, making one, reading it, taking it along, calling it back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webapp.accounts.models import User
from webapp.sharing.access import access_recall, access_recipient, access_release
from webapp.sharing.building import start_build
from webapp.sharing.downloading import serve_package
from webapp.sharing.models import Acknowledgement, Recipient, Release
from webapp.sharing.planning import ReleasePlan, plan_release
from webapp.sharing.queries import RecallRow, recalls_of
from webapp.sharing.recalling import acknowledge, recall_release
from webapp.sharing.services import discard_release, draft_release, edit_release, record_recipient
from webapp.studies.access import access_study


class ReleaseOutput(serializers.ModelSerializer[Release]):
    items = serializers.SerializerMethodField()
    recipients = serializers.IntegerField(source="recipients.count")
    recalls = serializers.IntegerField(source="recalls.count")

    class Meta:
        model = Release
        ref_name = "Release"
        fields = (
            *("version", "title", "description", "terms", "licence", "state", "message", "left_out"),
            *("made_at", "sha256", "size_bytes", "items", "recipients", "recalls"),
        )

    def get_items(self, release: Release) -> list[str]:
        return list(release.items.values_list("path", flat=True))


class LeftOutOutput(serializers.Serializer[Any]):
    encounter = serializers.CharField(source="encounter.code")
    camera = serializers.CharField()
    why = serializers.CharField()


class PlanOutput(serializers.Serializer[ReleasePlan]):
    videos = serializers.IntegerField()
    timelines = serializers.IntegerField()
    people = serializers.SerializerMethodField()
    media_s = serializers.FloatField()
    size_bytes = serializers.IntegerField()
    left_out = LeftOutOutput(many=True)

    def get_people(self, plan: ReleasePlan) -> int:
        return len(plan.people)


class ReleaseInput(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=200)
    description = serializers.CharField()
    terms = serializers.CharField()
    licence = serializers.CharField()


class RecallInput(serializers.Serializer[Any]):
    note = serializers.CharField(max_length=500, help_text="What is wrong, for whoever got the release.")


class RecipientInput(serializers.Serializer[Any]):
    organisation = serializers.CharField(max_length=200)
    email = serializers.EmailField()
    purpose = serializers.CharField(max_length=500)
    agreement = serializers.CharField(max_length=120, help_text="Its reference.")
    given_on = serializers.DateField()


class RecipientOutput(serializers.ModelSerializer[Recipient]):
    class Meta:
        model = Recipient
        ref_name = "Recipient"
        fields = ("id", "organisation", "email", "purpose", "agreement", "given_on")


class RecallOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="recall.pk")
    reason = serializers.CharField(source="recall.reason")
    note = serializers.CharField(source="recall.note")
    made_at = serializers.DateTimeField(source="recall.made_at")
    due_on = serializers.DateField()
    items = serializers.IntegerField(help_text="How many files are called back.")
    acknowledged = serializers.SerializerMethodField(help_text="Recipients who destroyed them.")
    unanswered = serializers.SerializerMethodField(help_text="Recipients who have not said so yet.")

    def get_acknowledged(self, row: RecallRow) -> list[int]:
        return [whose.pk for whose, answer in row.answers if answer is not None]

    def get_unanswered(self, row: RecallRow) -> list[int]:
        return [whose.pk for whose, answer in row.answers if answer is None]


class AcknowledgementInput(serializers.Serializer[Any]):
    recipient = serializers.IntegerField()
    note = serializers.CharField(max_length=200, required=False, default="", help_text="How they told.")


class AcknowledgementOutput(serializers.ModelSerializer[Acknowledgement]):
    class Meta:
        model = Acknowledgement
        ref_name = "Acknowledgement"
        fields = ("recipient", "acknowledged_on", "note")


class ReleaseList(APIView):
    @extend_schema(
        responses=ReleaseOutput(many=True), operation_id="releases_list", summary="Releases of a study"
    )
    def get(self, request: Request, slug: str) -> Response:
        study = access_study(request.user, slug, "view_releases")
        return Response(ReleaseOutput(study.releases.all(), many=True).data)

    @extend_schema(request=ReleaseInput, responses={201: ReleaseOutput}, summary="Draft the next release")
    def post(self, request: Request, slug: str) -> Response:
        study = access_study(request.user, slug, "share_releases")
        entry = ReleaseInput(data=request.data)
        entry.is_valid(raise_exception=True)
        release = draft_release(actor=request.user, study=study, **entry.validated_data)
        return Response(ReleaseOutput(release).data, status=status.HTTP_201_CREATED)


class Plan(APIView):
    @extend_schema(responses=PlanOutput, summary="What a release would hold now, and why not more")
    def get(self, request: Request, slug: str) -> Response:
        study = access_study(request.user, slug, "share_releases")
        return Response(PlanOutput(plan_release(study)).data)


class ReleaseDetail(APIView):
    @extend_schema(responses=ReleaseOutput, summary="One release")
    def get(self, request: Request, slug: str, version: int) -> Response:
        return Response(ReleaseOutput(access_release(request.user, slug, version, "view_releases")).data)

    @extend_schema(
        request=ReleaseInput,
        responses=ReleaseOutput,
        summary="Change the words of what was never packed",
    )
    def patch(self, request: Request, slug: str, version: int) -> Response:
        release = access_release(request.user, slug, version, "share_releases")
        entry = ReleaseInput(data=request.data, partial=True)
        entry.is_valid(raise_exception=True)
        edited = edit_release(actor=request.user, release=release, **entry.validated_data)
        return Response(ReleaseOutput(edited).data)

    @extend_schema(request=None, responses={204: None}, summary="Discard a draft or a failed release")
    def delete(self, request: Request, slug: str, version: int) -> Response:
        release = access_release(request.user, slug, version, "share_releases")
        discard_release(actor=request.user, release=release)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Building(APIView):
    @extend_schema(request=None, responses={202: ReleaseOutput}, summary="Build a draft")
    def post(self, request: Request, slug: str, version: int) -> Response:
        release = access_release(request.user, slug, version, "share_releases")
        start_build(actor=request.user, release=release)
        release.refresh_from_db()
        return Response(ReleaseOutput(release).data, status=status.HTTP_202_ACCEPTED)


class RecipientList(APIView):
    @extend_schema(
        responses=RecipientOutput(many=True), operation_id="recipients_list", summary="Who got a release"
    )
    def get(self, request: Request, slug: str, version: int) -> Response:
        release = access_release(request.user, slug, version, "view_releases")
        return Response(RecipientOutput(release.recipients.all(), many=True).data)

    @extend_schema(
        request=RecipientInput, responses={201: RecipientOutput}, summary="Write down who got a release"
    )
    def post(self, request: Request, slug: str, version: int) -> Response:
        release = access_release(request.user, slug, version, "share_releases")
        entry = RecipientInput(data=request.data)
        entry.is_valid(raise_exception=True)
        actor = _person(request)
        recipient = record_recipient(actor=actor, release=release, **entry.validated_data)
        return Response(RecipientOutput(recipient).data, status=status.HTTP_201_CREATED)


class Recalling(APIView):
    @extend_schema(request=RecallInput, responses=ReleaseOutput, summary="Call a whole release back")
    def post(self, request: Request, slug: str, version: int) -> Response:
        release = access_release(request.user, slug, version, "share_releases")
        entry = RecallInput(data=request.data)
        entry.is_valid(raise_exception=True)
        actor = _person(request)
        recall_release(actor=actor, release=release, note=entry.validated_data["note"])
        release.refresh_from_db()
        return Response(ReleaseOutput(release).data)


class RecallList(APIView):
    @extend_schema(
        responses=RecallOutput(many=True), operation_id="recalls_list", summary="Recalls, and who answered"
    )
    def get(self, request: Request, slug: str, version: int) -> Response:
        release = access_release(request.user, slug, version, "view_releases")
        return Response(RecallOutput(recalls_of(release), many=True).data)


class Acknowledging(APIView):
    @extend_schema(
        request=AcknowledgementInput,
        responses={201: AcknowledgementOutput},
        summary="Write down that a recipient destroyed what was recalled",
    )
    def post(self, request: Request, slug: str, version: int, pk: UUID) -> Response:
        recall = access_recall(request.user, slug, version, pk, "share_releases")
        entry = AcknowledgementInput(data=request.data)
        entry.is_valid(raise_exception=True)
        given = entry.validated_data
        whose = access_recipient(recall.release, given["recipient"])
        answer = acknowledge(actor=_person(request), recall=recall, recipient=whose, note=given["note"])
        return Response(AcknowledgementOutput(answer).data, status=status.HTTP_201_CREATED)


class Package(APIView):
    @extend_schema(
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
        summary="The package, in pieces of at most 4 MiB: ask for ranges",
    )
    def get(self, request: Request, slug: str, version: int) -> HttpResponse:
        return serve_package(request._request, request.user, slug, version)


def _person(request: Request) -> User:
    assert isinstance(request.user, User)
    return request.user
