"""What the dashboard's buttons do: silence suggestions, and answer one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webapp.live import services
from webapp.live.access import access_session, access_suggestion
from webapp.live.models import Answer


class Silence(APIView):
    class Body(serializers.Serializer[Any]):
        silenced = serializers.BooleanField()

        class Meta:
            ref_name = "LiveSilence"

    @extend_schema(request=Body, responses=Body, summary="Hold suggestions of a live session back")
    def post(self, request: Request, pk: UUID) -> Response:
        session = access_session(request.user, pk, "view_live")
        entry = self.Body(data=request.data)
        entry.is_valid(raise_exception=True)
        services.set_silence(actor=request.user, session=session, silenced=entry.validated_data["silenced"])
        return Response({"silenced": session.silenced})


class SuggestionAnswer(APIView):
    class Body(serializers.Serializer[Any]):
        answer = serializers.ChoiceField(choices=Answer.choices)

        class Meta:
            ref_name = "LiveAnswer"

    @extend_schema(request=Body, responses=Body, summary="Say what a suggestion was worth")
    def post(self, request: Request, pk: int) -> Response:
        suggestion = access_suggestion(request.user, pk)
        entry = self.Body(data=request.data)
        entry.is_valid(raise_exception=True)
        made = services.answer_suggestion(
            actor=request.user, suggestion=suggestion, answer=entry.validated_data["answer"]
        )
        return Response({"answer": made.answer})
