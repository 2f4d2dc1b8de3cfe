"""Encounters, runs and jobs over the API."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webapp.analysis import correcting, schemas, services
from webapp.analysis.access import access_correction, access_job, access_run
from webapp.analysis.models import FaceObservation
from webapp.analysis.queries import faces_between
from webapp.analysis.resting import choose_resting_face, forget_resting_face
from webapp.analysis.showing import shown_to
from webapp.analysis.state import encounter_state, job_state
from webapp.analysis.timelines import COLUMNS, Values, calibrated_rows, face_columns, second_rows, timeline
from webapp.core.errors import Invalid
from webapp.jobs.services import cancel_job, retry_job
from webapp.studies.access import access_encounter

LONGEST_FACES_S = 600


class EncounterDetail(APIView):
    @extend_schema(
        responses=schemas.EncounterOutput, summary="Recordings, jobs and the newest run of an encounter"
    )
    def get(self, request: Request, pk: UUID) -> Response:
        encounter = access_encounter(request.user, pk, "view_encounter")
        return Response(encounter_state(request.user, encounter))


class RunCreation(APIView):
    @extend_schema(
        request=schemas.RunInput, responses={202: schemas.JobOutput}, summary="Analyse all ready cameras"
    )
    def post(self, request: Request, pk: UUID) -> Response:
        encounter = access_encounter(request.user, pk, "run_analysis")
        entry = schemas.RunInput(data=request.data)
        entry.is_valid(raise_exception=True)
        model = entry.validated_data.get("model", "")
        job = services.start_run(encounter=encounter, actor=request.user, model=model)
        return Response(job_state(job, may_steer=True), status=status.HTTP_202_ACCEPTED)


class RunTimeline(APIView):
    @extend_schema(responses=schemas.TimelineOutput, summary="A run second by second, in columns")
    def get(self, request: Request, pk: UUID) -> Response:
        run = access_run(request.user, pk, "view_results")
        return Response(timeline(run, request.user), headers=_PRIVATE)


class RunFaces(APIView):
    @extend_schema(
        parameters=[schemas.FacesInput],
        responses=schemas.FacesOutput,
        summary="Faces of a stretch of one camera",
    )
    def get(self, request: Request, pk: UUID) -> Response:
        run = access_run(request.user, pk, "view_results")
        entry = schemas.FacesInput(data=request.query_params)
        entry.is_valid(raise_exception=True)
        camera, from_s, to_s = (entry.validated_data[name] for name in ("camera", "from_s", "to_s"))
        if not 0 <= to_s - from_s <= LONGEST_FACES_S:
            raise Invalid(f"Expected at most {LONGEST_FACES_S} seconds at a time, got {to_s - from_s:g}.")
        faces = faces_between(run, camera, round(from_s * 1000), round(to_s * 1000))
        if camera not in shown_to(request.user, run.encounter).cameras:
            faces = FaceObservation.objects.none()
        return Response(face_columns(run, camera, faces), headers=_PRIVATE)


class TimelineCsv(APIView):
    @extend_schema(
        parameters=[schemas.CsvInput],
        responses={(200, "text/csv"): OpenApiTypes.STR},
        summary="timeline.csv of a run, or calibrated.csv",
    )
    def get(self, request: Request, pk: UUID) -> HttpResponse:
        run = access_run(request.user, pk, "view_results")
        entry = schemas.CsvInput(data=request.query_params)
        entry.is_valid(raise_exception=True)
        services.record_export(run=run, actor=request.user)
        is_calibrated = entry.validated_data["calibrated"]
        file = "calibrated.csv" if is_calibrated else "timeline.csv"
        name = f"{run.encounter.study.slug}-{run.encounter.code}-{file}"
        rows = (calibrated_rows if is_calibrated else second_rows)(run, request.user)
        headers = _PRIVATE | {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(_as_csv(rows), content_type="text/csv; charset=utf-8", headers=headers)


class PersonCorrectionCreation(APIView):
    @extend_schema(
        request=schemas.PersonInput,
        responses={202: schemas.JobOutput},
        summary="Say who a person is, and analyse again",
    )
    def post(self, request: Request, pk: UUID) -> Response:
        encounter = access_encounter(request.user, pk, "run_analysis")
        entry = schemas.PersonInput(data=request.data)
        entry.is_valid(raise_exception=True)
        job = correcting.correct_person(encounter=encounter, actor=request.user, **entry.validated_data)
        return Response(job_state(job, may_steer=True), status=status.HTTP_202_ACCEPTED)


class PersonCorrectionUndoing(APIView):
    @extend_schema(
        request=None,
        responses={202: schemas.JobOutput},
        summary="Take back what was said about a person, and analyse again",
    )
    def post(self, request: Request, pk: UUID) -> Response:
        correction = access_correction(request.user, pk, "run_analysis")
        job = correcting.undo_correction(correction=correction, actor=request.user)
        return Response(job_state(job, may_steer=True), status=status.HTTP_202_ACCEPTED)


class ClockSetting(APIView):
    @extend_schema(
        request=schemas.ClockInput,
        responses={202: schemas.JobOutput},
        summary="Set the offset of the second camera by hand, or let the sound tell, and analyse again",
    )
    def post(self, request: Request, pk: UUID) -> Response:
        encounter = access_encounter(request.user, pk, "run_analysis")
        entry = schemas.ClockInput(data=request.data)
        entry.is_valid(raise_exception=True)
        offset_ms = entry.validated_data["offset_ms"]
        job = correcting.set_clock(encounter=encounter, actor=request.user, offset_ms=offset_ms)
        return Response(job_state(job, may_steer=True), status=status.HTTP_202_ACCEPTED)


class RestingFace(APIView):
    @extend_schema(
        request=schemas.RestingInput, responses={204: None}, summary="Say when a person's face is at rest"
    )
    def post(self, request: Request, pk: UUID) -> Response:
        encounter = access_encounter(request.user, pk, "run_analysis")
        entry = schemas.RestingInput(data=request.data)
        entry.is_valid(raise_exception=True)
        choose_resting_face(encounter=encounter, actor=request.user, **entry.validated_data)
        return Response(status=status.HTTP_204_NO_CONTENT)


class RestingFaceForgetting(APIView):
    @extend_schema(
        request=schemas.RestingUndoInput,
        responses={204: None},
        summary="Let a person's seconds count as they were classified",
    )
    def post(self, request: Request, pk: UUID) -> Response:
        encounter = access_encounter(request.user, pk, "run_analysis")
        entry = schemas.RestingUndoInput(data=request.data)
        entry.is_valid(raise_exception=True)
        forget_resting_face(encounter=encounter, actor=request.user, camera=entry.validated_data["camera"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class JobCancellation(APIView):
    @extend_schema(request=None, responses=schemas.JobOutput, summary="Stop a job")
    def post(self, request: Request, pk: UUID) -> Response:
        job, encounter = access_job(request.user, pk, "run_analysis")
        job = cancel_job(job=job, actor=request.user, study_id=encounter.study_id)
        return Response(job_state(job, may_steer=True))


class JobRetry(APIView):
    @extend_schema(request=None, responses=schemas.JobOutput, summary="Try a failed or cancelled job again")
    def post(self, request: Request, pk: UUID) -> Response:
        job, encounter = access_job(request.user, pk, "run_analysis")
        job = retry_job(job=job, actor=request.user, study_id=encounter.study_id)
        return Response(job_state(job, may_steer=True))


_PRIVATE = {"Cache-Control": "private, no-store"}


def _as_csv(rows: Iterable[Values]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
