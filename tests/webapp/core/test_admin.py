"""Administration leaves traces and cannot go around the services."""

import pytest
from django.contrib import admin

from webapp.accounts.models import User
from webapp.analysis.models import AnalysisRun
from webapp.core.admin_site import AuditedAdmin, ReadOnlyAdmin
from webapp.core.models import AuditEvent
from webapp.jobs.models import Job
from webapp.recordings.models import Recording, Upload
from webapp.studies.access import role_in


@pytest.fixture
def root(db, signed_in):
    user = User.objects.create_superuser("root@hospital.example", "x", display_name="Root")
    return signed_in(user)


@pytest.mark.parametrize("model", [Recording, Upload, Job, AnalysisRun, AuditEvent])
def test_what_has_files_or_history_is_only_shown(model):
    assert isinstance(admin.site._registry[model], ReadOnlyAdmin)


def test_every_other_model_of_ours_is_audited():
    ours = [a for model, a in admin.site._registry.items() if model.__module__.startswith("webapp.")]
    assert all(isinstance(each, AuditedAdmin | ReadOnlyAdmin) for each in ours)


def test_adding_a_user_is_audited_and_lowers_the_address(root):
    form = {"email": "New@Hospital.Example", "display_name": "New", "usable_password": "true"}
    form |= {"password1": "a long enough phrase", "password2": "a long enough phrase"}
    assert root.post("/admin/accounts/user/add/", form).status_code == 302
    assert User.objects.filter(email="new@hospital.example").exists()
    assert AuditEvent.objects.filter(action="admin.added", target_type="accounts.user").exists()


def test_removing_a_member_closes_the_study_and_is_audited(root, study, bob):
    membership = bob.memberships.get()
    answer = root.post(f"/admin/studies/membership/{membership.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 302
    assert role_in(bob, study) is None
    assert AuditEvent.objects.filter(action="study.member_removed").count() == 1
