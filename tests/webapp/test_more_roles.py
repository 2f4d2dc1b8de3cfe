"""The access table for those who are not in its columns: an owner, coordinators of one site, and an annotator
who is assigned to another one.
"""

from __future__ import annotations

import pytest

from tests.conftest import make_user, recruiting
from tests.webapp.test_access_table import ROLES, TABLE, address, ask, things  # noqa: F401  a fixture
from webapp.jobs.models import Job
from webapp.recordings.models import Upload
from webapp.studies.models import Encounter, Participant
from webapp.studies.protocol import add_site
from webapp.studies.roles import Role
from webapp.studies.services import add_member, add_participant

#: Addresses that lead to an encounter, or to what hangs on it, or to a participant.
BOUND_TO_A_SITE = (
    *("recordings:", "analysis:encounter", "analysis:api_", "analysis:timeline_csv"),
    *("consent:record", "consent:withdraw", "consent:copy_", "consent:scan"),
    *("consent:erasure", "consent:certificate", "deidjobs:", "live:", "feedback:"),
)
NO_OBJECT = {
    *(("recordings:api_uploads", "OPTIONS"), ("consent:erasures", "GET"), ("deidjobs:reviews", "GET")),
    *(("deidjobs:limits", "GET"), ("deidjobs:limits", "POST"), ("deidjobs:faces", "GET")),  # of a study
    *(("feedback:trends", "GET"), ("feedback:care", "GET")),  # one's own; whoever holds the token
}
#: They do what is left of the site, and nothing of another.
BATCHES = {("analysis:batch_new", "POST"), ("deidjobs:batch_new", "POST"), ("deidjobs:faces", "POST")}


@pytest.fixture
def members(things, study, alice):  # noqa: F811
    """An owner, a coordinator of the site that recorded everything, and two people of another site."""
    sites = {name: add_site(actor=alice, study=study, name=name) for name in ("here", "elsewhere")}
    recruiting(study)
    Encounter.objects.update(site=sites["here"])
    Participant.objects.update(site=sites["here"])
    made = {"owner": make_user("olivia"), "here": make_user("hanna"), "elsewhere": make_user("gina")}
    add_member(actor=alice, study=study, user=made["owner"], role=Role.OWNER)
    for name, site in sites.items():
        add_member(actor=alice, study=study, user=made[name], role=Role.COORDINATOR, site=site)
    made["unassigned"] = make_user("ingrid")
    add_member(
        actor=alice, study=study, user=made["unassigned"], role=Role.ANNOTATOR, site=sites["elsewhere"]
    )
    return made


@pytest.mark.parametrize("who", ["owner", "here", "elsewhere", "unassigned"])
def test_owners_and_members_of_a_site_get_their_answers(things, members, who, signed_in):  # noqa: F811
    client = signed_in(members[who])
    found, expected = {}, {}
    for (name, method), answers in TABLE.items():
        Job.objects.filter(pk=things["analysis:api_cancel"][0]).update(state="queued", cancel_requested=False)
        found[name, method] = ask(client, method, name, things)
        column = "bob" if who == "unassigned" else "alice"
        expected[name, method] = expected_for(who, name, method, answers[ROLES.index(column)])
        if (name, method) == ("recordings:api_upload", "PATCH"):
            Upload.objects.update(locked_until=None)
    assert found == expected


def expected_for(who: str, name: str, method: str, everywhere: int) -> int:
    """Return the answer to a member whose role gets an answer of `everywhere` when it is for all sites."""
    if who == "elsewhere" and (name, method) in BATCHES:
        return 409  # nothing of their site is left to do
    if name.endswith(":batch_new") or name == "deidjobs:faces":
        return everywhere
    if who == "unassigned" and name.startswith("consent:"):
        return everywhere  # of a study: the role is asked before anybody looks for a person
    bound = name == "analysis:job" or name.startswith(BOUND_TO_A_SITE)
    if who in ("elsewhere", "unassigned") and bound and (name, method) not in NO_OBJECT:
        return 404
    if who != "owner" and name.startswith("sharing:"):
        return 403  # a release is of all sites
    if who != "owner" and name in ("studies:invitation_revoke", "studies:audit", "studies:audit_export"):
        return 403  # they are of all sites
    return everywhere


@pytest.mark.parametrize("name", ["analysis:batch_new", "deidjobs:batch_new"])
def test_batch_of_a_coordinator_of_another_site_queues_and_counts_nothing_here(
    things,  # noqa: F811
    members,
    name,
    signed_in,
):
    client, before = signed_in(members["elsewhere"]), set(Job.objects.values_list("pk", flat=True))
    assert ask(client, "POST", name, things) == 409
    assert set(Job.objects.values_list("pk", flat=True)) == before
    plan = client.get(address(name, things)).context["plan"]
    assert (plan.to_do, plan.in_work, plan.without_consent) == ([], 0, 0)


def test_a_doctor_does_not_find_a_colleagues_encounter(
    things,  # noqa: F811
    encounter,
    alice,
    dora,
    study,
    signed_in,
):
    encounter.doctor = add_participant(actor=alice, study=study, kind="doctor")
    encounter.save()
    client = signed_in(dora)
    for name in ("recordings:video", "analysis:encounter", "analysis:api_encounter", "analysis:api_timeline"):
        assert ask(client, "GET", name, things) == 404
