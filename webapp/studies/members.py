"""Who belongs to a study: roles per site, and invitations by a link that works once."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from webapp.accounts.models import User
from webapp.core import audit
from webapp.core.errors import Conflict, Forbidden, Invalid, NotFound
from webapp.studies.access import role_in, site_of
from webapp.studies.models import Invitation, Membership, Site, Study
from webapp.studies.roles import Role
from webapp.studies.services import add_member, remove_member

INVITATION_LASTS = timedelta(days=14)
GONE = "This invitation was used, revoked or has expired. Ask for a new link."


@transaction.atomic
def invite(*, actor: User, study: Study, email: str, role: str, site: Site | None) -> tuple[Invitation, str]:
    """Return an invitation and the secret part of its link, which is shown once and never stored."""
    _may_give(actor, study, role, site)
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        study=study,
        email=email.lower(),
        role=role,
        site=site,
        token_sha256=_hash(token),
        invited_by=actor,
        expires_at=timezone.now() + INVITATION_LASTS,
    )
    _audit(actor, "study.invited", invitation)
    return invitation, token


def find_invitation(token: str) -> Invitation:
    """Return an invitation that can still be accepted. Raises NotFound for every other link."""
    found = Invitation.objects.filter(
        token_sha256=_hash(token), accepted_at=None, revoked_at=None, expires_at__gt=timezone.now()
    )
    invitation = found.select_related("study", "site", "invited_by").first()
    if invitation is None:
        raise NotFound(GONE)
    return invitation


@transaction.atomic
def accept_invitation(*, user: User, token: str) -> Membership:
    """Make the user a member, once. Raises NotFound when the link no longer works, Conflict for a member."""
    invitation = find_invitation(token)
    if user.email != invitation.email:
        raise Forbidden("This invitation was made for another e-mail address. Sign in with that one.")
    if role_in(user, invitation.study) is not None:
        raise Conflict("You belong to this study already.")
    open_one = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None)
    if not open_one.update(accepted_at=timezone.now()):
        raise NotFound(GONE)
    _audit(user, "study.invitation_accepted", invitation)
    return add_member(
        actor=user, study=invitation.study, user=user, role=invitation.role, site=invitation.site
    )


@transaction.atomic
def join_with_new_account(*, token: str, display_name: str, password: str) -> User:
    """Create the account that an invitation is for, and accept it. Raises Conflict when there is one."""
    invitation = find_invitation(token)
    if User.objects.filter(email=invitation.email).exists():
        raise Conflict("There is an account with this address. Sign in, then open the link again.")
    user = User.objects.create_user(invitation.email, password, display_name=display_name)
    audit.record(
        actor=user, action="account.created_by_invitation", target=user, study_id=invitation.study_id
    )
    accept_invitation(user=user, token=token)
    return user


@transaction.atomic
def revoke_invitation(*, actor: User, invitation: Invitation) -> None:
    _may_give(actor, invitation.study, invitation.role, invitation.site)
    open_one = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None)
    if open_one.update(revoked_at=timezone.now()):
        _audit(actor, "study.invitation_revoked", invitation)


@transaction.atomic
def change_member(*, actor: User, membership: Membership, role: str, site: Site | None) -> Membership:
    """Give a member another role or site. Raises Conflict when the study would lose its last owner."""
    _may_give(actor, membership.study, membership.role, membership.site)
    _may_give(actor, membership.study, role, site)
    if role != Role.OWNER:
        _keep_an_owner(membership)
    return add_member(actor=actor, study=membership.study, user=membership.user, role=role, site=site)


@transaction.atomic
def dismiss_member(*, actor: User, membership: Membership) -> None:
    """Take a member out of the study. Raises Conflict when the study would lose its last owner."""
    _may_give(actor, membership.study, membership.role, membership.site)
    _keep_an_owner(membership)
    remove_member(actor=actor, membership=membership)


def _may_give(actor: User, study: Study, role: str, site: Site | None) -> None:
    """Raise Forbidden unless the actor may give or take this role at this site."""
    if site is not None and site.study_id != study.pk:
        raise Invalid("Choose a site of this study.", fields={"site": ["Not a site of this study."]})
    if role == Role.OWNER and role_in(actor, study) != Role.OWNER:
        raise Forbidden("Only an owner can make or unmake owners.")
    own = site_of(actor, study)
    if own is not None and own != site:
        raise Forbidden(f"You can only see to the members of {own}.")


def _keep_an_owner(membership: Membership) -> None:
    owners = Membership.objects.select_for_update().filter(study=membership.study_id, role=Role.OWNER)
    if membership.role == Role.OWNER and not [one for one in owners if one.pk != membership.pk]:
        raise Conflict("A study needs an owner. Make somebody else the owner first.", code="last_owner")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _audit(actor: User, action: str, invitation: Invitation) -> None:
    audit.record(
        actor=actor,
        action=action,
        target=invitation,
        study_id=invitation.study_id,
        details={"role": invitation.role, "site": invitation.site_id},
    )
