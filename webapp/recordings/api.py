"""Uploads over tus 1.0: creation, progress, chunks, termination."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webapp.recordings import tus, uploads
from webapp.recordings.access import access_upload
from webapp.recordings.checksums import Checksum
from webapp.recordings.models import Camera, Upload
from webapp.recordings.queries import unfinished_uploads
from webapp.studies.access import access_encounter

REPLACE_WORDS = {"1", "true", "yes"}


def _header(name: str, *, required: bool = True) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, required=required)


PROTOCOL = _header("Tus-Resumable")


class TusView(APIView):
    """What every answer of the protocol carries."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method != "OPTIONS":
            tus.require_protocol(request)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Tus-Resumable"] = tus.VERSION
        if response.status_code == status.HTTP_412_PRECONDITION_FAILED:
            response["Tus-Version"] = tus.VERSION
        return response

    @extend_schema(responses={204: None}, summary="What this server can do")
    def options(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # type: ignore[override]
        return Response(status=status.HTTP_204_NO_CONTENT, headers=tus.capabilities())


class UploadCreation(TusView):
    @extend_schema(
        summary="Start an upload",
        description="Upload-Metadata holds encounter, camera, filename, filetype and, to replace one, "
        "replace. The address of the upload is in the header Location.",
        request=None,
        responses={201: None},
        parameters=[PROTOCOL, _header("Upload-Length"), _header("Upload-Metadata")],
    )
    def post(self, request: Request) -> Response:
        length = tus.byte_count(request, "Upload-Length")
        metadata = tus.parse_metadata(request.headers.get("Upload-Metadata", ""))
        encounter = access_encounter(request.user, metadata.get("encounter", ""), "upload_recording")
        upload = uploads.create_upload(
            actor=request.user,
            encounter=encounter,
            camera=metadata.get("camera", ""),
            length=length,
            name=metadata.get("filename", ""),
            content_type=metadata.get("filetype", ""),
            replace=metadata.get("replace", "") in REPLACE_WORDS,
        )
        location = reverse("recordings:api_upload", args=[upload.pk])
        return Response(status=status.HTTP_201_CREATED, headers={"Location": location})


class UploadProgress(TusView):
    @extend_schema(summary="How much has arrived", responses={200: None}, parameters=[PROTOCOL])
    def head(self, request: Request, pk: UUID) -> Response:
        return Response(headers=tus.state_of(access_upload(request.user, pk)))

    @extend_schema(
        summary="Append a chunk",
        description="A request holds at most 8 MiB; a longer one is answered with 413. What arrived of a "
        "chunk whose connection was lost is kept: ask with HEAD where to go on.",
        request={tus.CHUNK_TYPE: OpenApiTypes.BINARY},
        responses={204: None},
        parameters=[PROTOCOL, _header("Upload-Offset"), _header("Upload-Checksum", required=False)],
    )
    def patch(self, request: Request, pk: UUID) -> Response:
        tus.require_chunk_type(request)
        checksum = request.headers.get("Upload-Checksum")
        upload = uploads.receive(
            upload=access_upload(request.user, pk),
            actor=request.user,
            offset=tus.byte_count(request, "Upload-Offset"),
            source=request._request,
            announced=int(request.headers.get("Content-Length") or 0),
            checksum=Checksum.parse(checksum) if checksum else None,
        )
        return Response(status=status.HTTP_204_NO_CONTENT, headers=tus.state_of(upload))

    @extend_schema(summary="Cancel an upload", responses={204: None}, parameters=[PROTOCOL])
    def delete(self, request: Request, pk: UUID) -> Response:
        uploads.discard_upload(upload=access_upload(request.user, pk), actor=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class UnfinishedUploads(APIView):
    class Output(serializers.ModelSerializer[Upload]):
        camera = serializers.ChoiceField(choices=Camera.choices)
        filename = serializers.CharField(source="original_name")
        size_bytes = serializers.IntegerField(source="length")
        url = serializers.SerializerMethodField()

        class Meta:
            model = Upload
            ref_name = "UnfinishedUpload"
            fields = ("id", "camera", "filename", "size_bytes", "offset", "created_at", "changed_at", "url")

        def get_url(self, upload: Upload) -> str:
            return reverse("recordings:api_upload", args=[upload.pk])

    @extend_schema(responses=Output(many=True), summary="Uploads of an encounter that can go on")
    def get(self, request: Request, pk: UUID) -> Response:
        encounter = access_encounter(request.user, pk, "upload_recording")
        return Response(self.Output(unfinished_uploads(encounter), many=True).data)
