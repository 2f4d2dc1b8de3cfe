"""The bucket of MEDIA_URL_S3 as django-storages opens it, and whether it is fit for media."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

CONNECT_WITHIN_S: Final = 5
ANSWER_WITHIN_S: Final = 30
_REFUSED: Final = {"403", "401", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "Forbidden"}
_ABSENT: Final = {"404", "NoSuchBucket", "NotFound"}


class BucketUnfit(Exception):
    """Why the bucket cannot be used, in a sentence that names no secret and may be shown to anybody."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def bucket_storage(found: Mapping[str, str]) -> dict[str, Any]:
    """Return Django's settings for a bucket that Environment.bucket read."""
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": found["bucket"],
            "endpoint_url": found["endpoint"],
            "region_name": found["region"],
            "access_key": found["key"] or None,
            "secret_key": found["secret"] or None,
            "client_config": _client_config(found["endpoint"]),
            "file_overwrite": True,
            "default_acl": None,
        },
    }


def _client_config(endpoint: str) -> Any:
    from botocore.config import Config

    style = "auto" if endpoint.endswith(".amazonaws.com") else "path"
    return Config(
        s3={"addressing_style": style},
        signature_version="s3v4",
        connect_timeout=CONNECT_WITHIN_S,
        read_timeout=ANSWER_WITHIN_S,
        retries={"max_attempts": 3, "mode": "standard"},
        request_checksum_calculation="when_required",  # other makers' storage does not know newer checksums
        response_checksum_validation="when_required",
    )


def check_bucket(bucket: Any) -> None:
    """Raise BucketUnfit when the bucket is missing, refuses us, or does not answer."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        bucket.meta.client.head_bucket(Bucket=bucket.name)
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _ABSENT:
            raise BucketUnfit("The bucket that MEDIA_URL_S3 names does not exist; create it.") from error
        if code in _REFUSED:
            raise BucketUnfit(
                "The storage of MEDIA_URL_S3 refuses the key and secret; correct them or allow the bucket."
            ) from error
        raise BucketUnfit("The storage of MEDIA_URL_S3 answers with an error.") from error
    except BotoCoreError as error:
        raise BucketUnfit("The storage of MEDIA_URL_S3 does not answer.") from error


def keeps_old_versions(bucket: Any) -> bool:
    """Return whether what is deleted would stay there as an older version."""
    from webapp.core.object_file import translated

    with translated():
        return bool(bucket.Versioning().status)
