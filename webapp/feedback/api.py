"""The timeline of the doctor's feedback page."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webapp import engines
from webapp.analysis.schemas import TimelineOutput
from webapp.core.errors import NotFound
from webapp.feedback.access import access_feedback
from webapp.feedback.rows import rows_by_camera, source_of, timeline_of


class FeedbackTimeline(APIView):
    @extend_schema(responses=TimelineOutput, summary="The seconds a doctor reflects on, in columns")
    def get(self, request: Request, pk: UUID) -> Response:
        reader = request.user
        source = source_of(access_feedback(reader, pk))
        if source is None:
            raise NotFound
        rows = rows_by_camera(source, reader)
        summary = engines.session_findings(rows["doctor"], rows["patient"])["summary"]
        found = timeline_of(source, reader, summary)
        return Response(found, headers={"Cache-Control": "private, no-store"})
