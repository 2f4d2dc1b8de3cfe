"""What a study asks of its versions: who sets it, what counts, and that it is written down."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from tests.webapp.deidjobs.conftest import add_derivative
from webapp.core.errors import Forbidden, Invalid
from webapp.core.models import AuditEvent
from webapp.deidjobs.limits import LIMITS, limits_of, set_limits, words_of
from webapp.deidjobs.models import ReleaseLimits
from webapp.engines import usual_limits


def other_limits(**changes):
    return usual_limits() | changes


def test_a_study_without_limits_of_its_own_has_those_that_ship(study):
    assert limits_of(study) == usual_limits()
    assert set(usual_limits()) == set(LIMITS)


def test_the_newest_limits_count_and_the_change_is_in_the_audit_trail(study, alice):
    set_limits(study=study, actor=alice, values=other_limits(agreement=0.7), reason="Pilot.")
    set_limits(
        study=study, actor=alice, values=other_limits(agreement=0.6, tar=0.0), reason="Ethics vote 12."
    )
    assert limits_of(study) == other_limits(agreement=0.6, tar=0.0)
    event = AuditEvent.objects.filter(action="release_limits.set").latest("pk")
    assert event.details == {"changed": {"agreement": [0.7, 0.6], "tar": [0.01, 0.0]}}


def test_another_study_keeps_its_own(study, alice, carol):
    from webapp.studies.services import create_study

    other = create_study(actor=carol, slug="far-away", title="Far away")
    set_limits(study=study, actor=alice, values=other_limits(agreement=0.7), reason="Pilot.")
    assert limits_of(other) == usual_limits()


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (usual_limits() | {"tar": 1.5}, "Because."),
        (usual_limits() | {"tar": -0.1}, "Because."),
        (usual_limits() | {"tar": float("nan")}, "Because."),
        ({"tar": 0.1}, "Because."),
        (usual_limits(), " "),
    ],
)
def test_what_is_no_limit_is_refused(study, alice, values, reason):
    with pytest.raises(Invalid):
        set_limits(study=study, actor=alice, values=values, reason=reason)
    assert not ReleaseLimits.objects.exists()


def test_nobody_sets_limits_unsigned(study):
    with pytest.raises(Forbidden):
        set_limits(study=study, actor=None, values=usual_limits(), reason="Because.")


def test_limits_are_never_edited(study, alice):
    made = set_limits(study=study, actor=alice, values=usual_limits(), reason="Because.")
    with pytest.raises(DatabaseError), transaction.atomic():
        ReleaseLimits.objects.filter(pk=made.pk).update(tar=1.0)


def test_the_form_tells_what_is_wrong_beside_its_field_and_keeps_what_was_typed(study, signed_in, alice):
    page = signed_in(alice).post(reverse("deidjobs:limits", args=[study.slug]), usual_limits() | {"tar": "7"})
    assert page.status_code == 422
    assert set(page.context["form"].errors) == {"tar", "reason"}
    assert b'value="7"' in page.content


def test_a_coordinator_sets_limits_and_a_member_reads_them(study, signed_in, alice, bob):
    address = reverse("deidjobs:limits", args=[study.slug])
    form = usual_limits() | {"agreement": "0.75", "reason": "Ethics vote 12."}
    assert signed_in(alice).post(address, form).status_code == 302
    page = signed_in(bob).get(address).content.decode()
    assert "Ethics vote 12." in page
    assert "0.75" in page
    assert "Set these limits" not in page


def test_a_version_keeps_the_limits_that_it_was_judged_by(recording, alice, study):
    version = add_derivative(recording, alice)
    set_limits(study=study, actor=alice, values=other_limits(agreement=0.7), reason="Pilot.")
    version.refresh_from_db()
    assert version.limits == usual_limits()
    assert ("Classified alike", 0.8) in words_of(version.limits)
