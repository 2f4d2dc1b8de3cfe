"""Studies and encounters over the API."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webapp.accounts.models import User
from webapp.core.errors import Invalid
from webapp.studies import services
from webapp.studies.access import Someone, access_study, site_of, visible_participants
from webapp.studies.models import Encounter, Participant, Study
from webapp.studies.queries import encounters_of, studies_with_counts


class StudyList(APIView):
    class Output(serializers.ModelSerializer[Study]):
        encounter_count = serializers.IntegerField()

        class Meta:
            model = Study
            ref_name = "Study"
            fields = ("slug", "title", "protocol_number", "target_encounters", "encounter_count")

    @extend_schema(responses=Output(many=True))
    def get(self, request: Request) -> Response:
        return Response(self.Output(studies_with_counts(request.user), many=True).data)


class EncounterList(APIView):
    class Output(serializers.ModelSerializer[Encounter]):
        code = serializers.CharField()
        doctor = serializers.CharField(source="doctor.code")
        patient = serializers.CharField(source="patient.code")

        class Meta:
            model = Encounter
            ref_name = "Encounter"
            fields = ("id", "code", "doctor", "patient", "held_on", "department")

    class Input(serializers.Serializer[Any]):
        doctor = serializers.CharField(help_text="Code of a doctor of the study, e.g. D-7KQ2M.")
        patient = serializers.CharField(help_text="Code of a patient of the study.")
        held_on = serializers.DateField()
        department = serializers.CharField(required=False, allow_blank=True, max_length=120)

        class Meta:
            ref_name = "NewEncounter"

    @extend_schema(responses=Output(many=True), operation_id="encounters_list")
    def get(self, request: Request, slug: str) -> Response:
        study = access_study(request.user, slug, "view_study")
        found = encounters_of(request.user, study, request.query_params.get("q", ""))
        return Response(self.Output(found, many=True).data)

    @extend_schema(request=Input, responses={201: Output})
    def post(self, request: Request, slug: str) -> Response:
        study = access_study(request.user, slug, "create_encounter")
        entry = self.Input(data=request.data)
        entry.is_valid(raise_exception=True)
        data = entry.validated_data | {
            name: _participant(request.user, study, name, entry.validated_data[name])
            for name in ("doctor", "patient")
        }
        assert isinstance(request.user, User)
        site = site_of(request.user, study)
        encounter = services.create_encounter(actor=request.user, study=study, site=site, **data)
        return Response(self.Output(encounter).data, status=status.HTTP_201_CREATED)


def _participant(user: Someone, study: Study, kind: str, code: str) -> Participant:
    found = visible_participants(user, study).filter(code=code, kind=kind).first()
    if found is None:
        raise Invalid(f"No {kind} {code!r} in this study.", fields={kind: ["Unknown code."]})
    return found
