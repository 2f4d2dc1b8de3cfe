"""The cast: alice coordinates, bob annotates, dora is the doctor, audrey audits; carol is a stranger."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client, TransactionTestCase
from whitenoise.middleware import WhiteNoiseMiddleware

from tests.empty_database import copy_empty_database
from webapp import engines
from webapp.accounts.models import User
from webapp.consent.asking import asked_of
from webapp.consent.models import ConsentForm
from webapp.consent.services import publish_form, record_decisions
from webapp.core.append_only import guard_table, unguard_table
from webapp.studies.models import Encounter, Participant, Study
from webapp.studies.roles import Role
from webapp.studies.services import add_member, add_participant, create_encounter, create_study

ROOT = Path(__file__).resolve().parent.parent
GUARDED = (
    "core_auditevent",
    "consent_consentdecision",
    "consent_tombstone",
    "consent_consentform",
    "consent_consentrecord",
    "sharing_releaseperson",
    "sharing_releaseitem",
    "sharing_recipient",
    "sharing_recall",
    "sharing_recalleditem",
    "sharing_acknowledgement",
    "deidjobs_releaselimits",
    "analysis_identitywish",
)
PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real clips and images for development, outside of the project."""
    path = ROOT.parent / "shared" / "data"
    if not path.is_dir():
        pytest.skip("the real clips of ../shared/data are not on this machine")
    return path


@pytest.fixture(scope="session")
def weights_dir() -> Path:
    """The installed model weights; `make test` installs them first, so absence is a failure."""
    from emotion import weights

    directory = weights.default_directory()
    if not directory.is_dir():
        pytest.fail("model weights are missing; run `make weights`")
    return directory


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this run for all its processes."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_modify_db_settings, shared_folder) -> bool:
    """Begin with a copy of the database that was migrated for the whole run, where it is a file."""
    if connection.vendor != "sqlite":
        return False
    copy_empty_database(Path(connection.settings_dict["TEST"]["NAME"]), shared_folder)
    return True


@pytest.fixture(autouse=True, scope="session")
def _static_files() -> Iterator[None]:
    """collectstatic runs once, so that templates resolve hashed names exactly as in production.

    The files are listed once, too, as when a site starts: every client of a test would list them anew.
    """
    call_command("collectstatic", verbosity=0, interactive=False)
    listed: dict[tuple, dict] = {}
    add_files = WhiteNoiseMiddleware.add_files

    def add_listed_files(self, root, prefix=None):
        if (root, prefix) not in listed:
            add_files(self, root, prefix)
            listed[root, prefix] = dict(self.files)
        self.files |= listed[root, prefix]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files", add_listed_files)
        yield


@pytest.fixture(autouse=True)
def _folder_of_its_own_and_a_quick_hasher(settings, tmp_path):
    """No test sees another test's files; hashing the cast's passwords slowly would cost seconds."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()


@pytest.fixture(autouse=True)
def _no_memory_of_earlier_requests():
    """Rate limits begin anew with every test."""
    cache.clear()


@pytest.fixture(autouse=True)
def _nothing_is_loaded_ahead(monkeypatch):
    """No page that a test opens begins seconds of work that outlast the test."""
    monkeypatch.setattr(engines, "warm_previews", lambda: None)


@pytest.fixture(autouse=True, scope="session")
def _flush_append_only_tables():
    """Let the test runner, and nobody else, empty the tables whose triggers forbid it."""
    original = TransactionTestCase._fixture_teardown

    def teardown(self):
        for table in GUARDED:
            unguard_table(connection, table)
        original(self)
        for table in GUARDED:
            guard_table(connection, table)

    TransactionTestCase._fixture_teardown = teardown
    yield
    TransactionTestCase._fixture_teardown = original


def make_user(name: str) -> User:
    return User.objects.create_user(f"{name}@hospital.example", PASSWORD, display_name=name.title())


def recruiting(study: Study) -> Study:
    """Let a study recruit without its paperwork; changes of state have tests of their own."""
    Study.objects.filter(pk=study.pk).update(state="recruiting")
    study.state = "recruiting"
    return study


@pytest.fixture
def alice(db) -> User:
    return make_user("alice")


@pytest.fixture
def study(alice) -> Study:
    study = recruiting(create_study(actor=alice, slug="empathy", title="Empathy in cardiology"))
    add_member(actor=alice, study=study, user=alice, role=Role.COORDINATOR)
    return study


def member(study: Study, alice: User, name: str, role: str) -> User:
    user = make_user(name)
    add_member(actor=alice, study=study, user=user, role=role)
    return user


@pytest.fixture
def bob(study, alice) -> User:
    return member(study, alice, "bob", Role.ANNOTATOR)


@pytest.fixture
def dora(study, alice) -> User:
    return member(study, alice, "dora", Role.DOCTOR)


@pytest.fixture
def audrey(study, alice) -> User:
    return member(study, alice, "audrey", Role.AUDITOR)


@pytest.fixture
def carol(db) -> User:
    """A coordinator, of another study."""
    carol = make_user("carol")
    other = recruiting(create_study(actor=carol, slug="other", title="Another study"))
    add_member(actor=carol, study=other, user=carol, role=Role.COORDINATOR)
    return carol


@pytest.fixture
def consent_form(study, alice) -> ConsentForm:
    form = publish_form(actor=alice, study=study, text="What taking part means.")
    recruiting(study)
    return form


@pytest.fixture
def doctor(study, alice, dora, consent_form) -> Participant:
    participant = add_participant(actor=alice, study=study, kind="doctor", user=dora)
    return grant_everything(alice, participant)


@pytest.fixture
def patient(study, alice, consent_form) -> Participant:
    return grant_everything(alice, add_participant(actor=alice, study=study, kind="patient"))


def grant_everything(actor: User, participant: Participant) -> Participant:
    """Agree to all that this kind of participant is asked."""
    record_decisions(
        actor=actor, participant=participant, decisions=dict.fromkeys(map(str, asked_of(participant)), True)
    )
    return participant


@pytest.fixture
def encounter(study, alice, doctor, patient) -> Encounter:
    return create_encounter(
        actor=alice, study=study, doctor=doctor, patient=patient, held_on=datetime.date(2026, 3, 2)
    )


@pytest.fixture
def signed_in():
    """Return a client for a user; anonymous for None."""

    def client_for(user: User | None) -> Client:
        client = Client()
        if user is not None:
            client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return client_for
