"""Telling of a recall: by e-mail to whoever answers for the release, and a text for each who got it.

The texts name the package, its files under the codes of the release, and a day. No participant, no code of
the study and no reason that would tell one person from another stands in them.
"""

from __future__ import annotations

from smtplib import SMTPException
from urllib.parse import quote

import structlog
from django.conf import settings
from django.core.mail import send_mail

from webapp.accounts.models import User
from webapp.jobs.context import JobContext
from webapp.jobs.services import create_job
from webapp.sharing.models import Recall, Recipient, Release
from webapp.sharing.queries import due_on, unanswered
from webapp.studies.access import needs_of

log = structlog.get_logger(__name__)

NOTICE = "tell_of_recall"
NEED = "share_releases"
DAY = "%-d %B %Y"
WHY = {
    Recall.Reason.WITHDRAWAL: "The consent to share it has ended.",
    Recall.Reason.EXPIRY: "The consent to share it has ended.",
    Recall.Reason.RETENTION: "The time for which it may be kept has ended.",
    Recall.Reason.ERROR: "Something in it is wrong.",
}
SUBJECT = "Recall of {name}"
BODY = """\
{name}, release {version} of a study of yours, is recalled. {why}
Its package is deleted here. Files called back: {files}.

{asked}
Build a new version without what was called back, so that researchers have one.

{link}
"""
ASK = """\
Recipients who have yet to say that they destroyed it: {count}, to be asked by {due}.
A text for each of them stands ready on the page, where you also record their answers.
"""
NOBODY = "Nobody is written down as having got it, so nobody has to be asked.\n"
TO_RECIPIENT = """\
To {organisation}

On {given} you got {name} (SHA-256 {sha256}), under the agreement {agreement}.
A part of it is recalled. {why}{note}

Please destroy the package, and the files below wherever you keep them, with all copies and with
everything made of them in which one person can be told from others, by {due}:

{files}

Then answer to this message with the day on which it was done. A new version of the package,
where there is one, can be had from us.
"""
#: Mail programs cut longer addresses off.
MOST_IN_AN_ADDRESS = 1800


def queue_notice(recall: Recall) -> None:
    """Queue an e-mail about a recall, in the transaction that makes it."""
    if not settings.SITE_URL:
        return  # a link could not be written; Home tells
    create_job(
        kind=NOTICE,
        params={"recall": str(recall.pk)},
        subject_id=recall.pk,
        requested_by=None,
        study_id=recall.release.study_id,
    )


def send_notice(context: JobContext) -> None:
    """Send the e-mail. Raises OSError, for another attempt, when the mail server does not take it."""
    found = Recall.objects.select_related("release__study", "release__created_by")
    recall = found.filter(pk=context.params["recall"]).first()
    if recall is None:
        return
    readers = [user.email for user in readers_of(recall.release)]
    if not readers:
        return
    try:
        send_mail(*owners_text(recall), None, readers)
    except (OSError, SMTPException) as error:
        log.warning("recall_notice_not_sent", exc_info=True)
        raise OSError("the mail server did not take a notice") from error


def readers_of(release: Release) -> list[User]:
    """Return who made the release while they may still share it, else everybody who may."""
    maker = release.created_by
    if maker is not None and _may_share(maker, release):
        return [maker]
    members = User.objects.filter(memberships__study=release.study).distinct().order_by("pk")
    return [user for user in members if _may_share(user, release)]


def owners_text(recall: Recall) -> tuple[str, str]:
    """Return subject and text of the e-mail to whoever answers for the release."""
    release, count = recall.release, unanswered(recall).count()
    body = BODY.format(
        name=release.file_name,
        version=release.version,
        why=WHY[Recall.Reason(recall.reason)],
        files=recall.items.count(),
        asked=ASK.format(count=count, due=due_on(recall).strftime(DAY)) if count else NOBODY,
        link=f"{settings.SITE_URL}{release.get_absolute_url()}",
    )
    return SUBJECT.format(name=release.file_name), body


def recipients_text(recall: Recall, recipient: Recipient) -> str:
    """Return what to write to a recipient: which files to destroy, and until when."""
    release, items = recall.release, recall.items.select_related("item")
    return TO_RECIPIENT.format(
        organisation=recipient.organisation,
        given=recipient.given_on.strftime(DAY),
        name=release.file_name,
        sha256=release.sha256,
        agreement=recipient.agreement,
        why=WHY[Recall.Reason(recall.reason)],
        note=f" {recall.note}" if recall.note else "",
        due=due_on(recall).strftime(DAY),
        files="\n".join(f"- {release.code}/data/{item.item.path}" for item in items),
    )


def mail_address(recall: Recall, recipient: Recipient, text: str) -> str:
    """Return an address that opens a mail program with the text, where it is short enough for one."""
    address = (
        f"mailto:{quote(recipient.email)}?subject={quote(SUBJECT.format(name=recall.release.file_name))}"
    )
    whole = f"{address}&body={quote(text)}"
    return whole if len(whole) <= MOST_IN_AN_ADDRESS else address


def _may_share(user: User, release: Release) -> bool:
    return user.is_active and NEED in needs_of(user, release.study)
