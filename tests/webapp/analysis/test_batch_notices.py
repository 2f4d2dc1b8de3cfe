from __future__ import annotations

import socketserver
import threading
import uuid

import pytest
from django.core import mail

from tests.services import free_port
from tests.webapp.jobs.driving import drive
from webapp.analysis.batch_notices import NOTICE, queue_notices
from webapp.core.env import Environment
from webapp.jobs import running
from webapp.jobs.models import Batch, Job, JobState
from webapp.jobs.services import create_job
from webapp.studies.models import Membership


@pytest.fixture(autouse=True)
def _address(settings):
    settings.SITE_URL = "https://lab.example"


@pytest.fixture
def batch(study, alice) -> Batch:
    """A batch of alice's that has ended: two jobs done, one failed."""
    batch = Batch.objects.create(
        title="Analysis of a study whose title says much",
        study_id=study.pk,
        requested_by=alice,
        queued_at=study.created_at,
    )
    for state in ("done", "done", "failed"):
        job = create_job(
            kind=NOTICE, params={}, subject_id=uuid.uuid4(), requested_by=alice, study_id=None, batch=batch
        )
        Job.objects.filter(pk=job.pk).update(state=state)
    return batch


def notice() -> Job:
    return Job.objects.get(kind=NOTICE, batch=None)


def use_server(settings, port: int) -> None:
    for name, value in Environment({"X": f"smtp://127.0.0.1:{port}"}).mail_server("X").items():
        setattr(settings, name, value)


def send() -> Job:
    queue_notices()
    return drive(notice())


def test_whoever_began_a_batch_gets_numbers_and_a_link_and_nothing_else(batch, alice):
    assert send().state == JobState.DONE
    (message,) = mail.outbox
    assert message.to == [alice.email]
    assert message.subject == "Your jobs are done"
    assert message.body == (
        "The jobs that you began together have ended: 2 done, 1 failed.\n\n"
        f"https://lab.example/studies/empathy/jobs/?batch={batch.pk}\n"
    )


def test_a_batch_is_told_once_however_often_workers_sweep(batch):
    send()
    queue_notices()
    assert Job.objects.filter(kind=NOTICE, batch=None).count() == len(mail.outbox) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"queued_at": None},
        {"requested_by": None},
        {"seen_at": "2026-01-01T00:00Z"},
        {"created_at": "2020-01-01T00:00Z"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_nothing_is_sent_about_a_batch_that_is_not_there_yet_nobodys_seen_or_old(batch, change):
    Batch.objects.update(**change)
    queue_notices()
    assert not Job.objects.filter(kind=NOTICE, batch=None).exists()


def test_nothing_is_sent_while_a_job_is_unfinished(batch):
    Job.objects.filter(state="failed").update(state="paused")
    queue_notices()
    assert not Job.objects.filter(kind=NOTICE, batch=None).exists()


def test_without_an_address_of_the_site_home_alone_tells(batch, settings, alice, signed_in):
    settings.SITE_URL = ""
    queue_notices()
    assert not Job.objects.filter(kind=NOTICE, batch=None).exists()
    assert "2 done, 1 failed" in signed_in(alice).get("/").content.decode()


@pytest.mark.parametrize("lost", ["membership", "account"])
def test_who_may_no_longer_see_the_jobs_gets_no_mail(batch, alice, lost):
    if lost == "membership":
        Membership.objects.filter(user=alice).update(role="annotator")
    else:
        type(alice).objects.update(is_active=False)
    assert send().state == JobState.DONE
    assert mail.outbox == []


def test_a_mail_server_that_is_away_is_tried_again_and_breaks_no_job(batch, settings, caplog):
    use_server(settings, free_port())
    job = send()
    assert (job.state, job.attempts) == (JobState.QUEUED, 1)
    for _ in range(2):
        running.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error_code) == (JobState.FAILED, "did_not_heal")
    assert "mail server" in job.error_message
    assert sorted(batch.jobs.values_list("state", flat=True)) == ["done", "done", "failed"]
    assert "batch_notice_not_sent" in caplog.text
    assert "hospital.example" not in caplog.text


class Postbox(socketserver.StreamRequestHandler):
    """As much of SMTP as taking one message needs."""

    taken: list[str] = []

    def handle(self) -> None:
        self.answer("220 ready")
        while line := self.rfile.readline().decode().strip().upper():
            if line == "DATA":
                self.answer("354 go on")
                self.taken.append(self.message())
            self.answer("221 bye" if line == "QUIT" else "250 ok")

    def answer(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())

    def message(self) -> str:
        lines = iter(lambda: self.rfile.readline().decode().rstrip("\r\n"), ".")
        return "\n".join(lines)


def test_a_real_mail_server_takes_the_message(batch, settings):
    with socketserver.TCPServer(("127.0.0.1", 0), Postbox) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        use_server(settings, server.server_address[1])
        assert send().state == JobState.DONE
        server.shutdown()
        thread.join()
    assert "To: alice@hospital.example" in Postbox.taken[0]
    assert "2 done, 1 failed" in Postbox.taken[0]
