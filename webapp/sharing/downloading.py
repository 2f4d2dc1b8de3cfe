"""Taking a package along: role, state and everyone's consent are asked for each piece of it."""

from __future__ import annotations

from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from webapp.core import audit
from webapp.recordings.serving import serve_file
from webapp.sharing import storage
from webapp.sharing.access import access_package
from webapp.studies.access import Someone

#: A package is asked for in many ranges; within this time they count as one download.
ONE_DOWNLOAD_S = 15 * 60


def serve_package(request: HttpRequest, user: Someone, slug: str, version: int) -> HttpResponse:
    """Return a piece of a package, or all of a small one. Raises as access_package."""
    release = access_package(user, slug, version)
    key = f"release.downloaded:{user.pk}:{release.pk}"
    if cache.add(key, True, ONE_DOWNLOAD_S):
        try:
            with transaction.atomic():
                audit.record(
                    actor=user,
                    action="release.downloaded",
                    target=release,
                    study_id=release.study_id,
                    details={"version": release.version},
                )
        except BaseException:
            cache.delete(key)
            raise
    answer = serve_file(
        request, storage.package(release), content_type="application/zip", etag=release.sha256
    )
    answer["Content-Disposition"] = f'attachment; filename="{release.file_name}"'
    return answer
