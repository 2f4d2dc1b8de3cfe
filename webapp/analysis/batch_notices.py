"""Telling whoever began a batch that it is done: on Home, and by e-mail where the site has an address."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from smtplib import SMTPException

import structlog
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from webapp.core.waiting import WaitingItem
from webapp.jobs.batches import ended, outcome_of
from webapp.jobs.context import JobContext
from webapp.jobs.models import Batch
from webapp.jobs.services import create_job
from webapp.studies.access import Someone, needs_of
from webapp.studies.models import Study

log = structlog.get_logger(__name__)

NOTICE = "tell_of_batch"
TELL_FOR = timedelta(days=30)
SUBJECT = "Your jobs are done"
BODY = "The jobs that you began together have ended: {outcome}.\n\n{link}\n"


def finished_batches(user: Someone) -> Iterator[WaitingItem]:
    """Yield the batches of the user that ended and at whose result nobody has looked yet."""
    if user.pk is None:
        return
    since = timezone.now() - TELL_FOR
    batches = Batch.objects.filter(requested_by_id=user.pk, seen_at=None, created_at__gte=since)
    for batch in ended(batches):
        study = Study.objects.filter(pk=batch.study_id).first()
        if study is None:
            continue
        yield WaitingItem(
            title=f"Done: {batch.title}",
            detail=outcome_of(batch),
            url=_address(study, batch),
            action="Look at it",
            urgency=2,
        )


def queue_notices() -> None:
    """Queue an e-mail about each batch that has ended and that nobody has looked at; once per batch.

    Sending is a job of its own: a slow mail server keeps no worker from its signs of life, and one that is
    away is tried again.
    """
    if not settings.SITE_URL:
        return  # a link could not be written; Home tells
    since = timezone.now() - TELL_FOR
    untold = Batch.objects.filter(requested_by__isnull=False, told_at=None, seen_at=None)
    for batch in ended(untold.filter(created_at__gte=since)):
        _queue_notice(batch)


@transaction.atomic
def _queue_notice(batch: Batch) -> None:
    if Batch.objects.filter(pk=batch.pk, told_at=None).update(told_at=timezone.now()):
        create_job(
            kind=NOTICE,
            params={"batch": str(batch.pk)},
            subject_id=batch.pk,
            requested_by=None,
            study_id=batch.study_id,
        )


def send_notice(context: JobContext) -> None:
    """Send the e-mail, unless its reader may no longer see the jobs. It says numbers and a link, no more.

    Raises OSError, for another attempt, when the mail server does not take it.
    """
    batch = Batch.objects.select_related("requested_by").filter(pk=context.params["batch"]).first()
    study = None if batch is None else Study.objects.filter(pk=batch.study_id).first()
    if batch is None or study is None:
        return
    reader = batch.requested_by
    if reader is None or not reader.is_active or "view_jobs" not in needs_of(reader, study):
        return
    body = BODY.format(outcome=outcome_of(batch), link=f"{settings.SITE_URL}{_address(study, batch)}")
    try:
        send_mail(SUBJECT, body, None, [reader.email])
    except (OSError, SMTPException) as error:
        log.warning("batch_notice_not_sent", exc_info=True)
        raise OSError("the mail server did not take a notice") from error


def _address(study: Study, batch: Batch) -> str:
    return f"{reverse('analysis:jobs', args=[study.slug])}?batch={batch.pk}"
