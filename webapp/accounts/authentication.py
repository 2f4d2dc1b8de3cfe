"""How a script proves who it works for: Authorization: Bearer emp_…"""

from __future__ import annotations

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from webapp.accounts.models import ApiToken, User
from webapp.accounts.services import find_token

KEYWORD = "Bearer"


class TokenAuthentication(BaseAuthentication):
    """A token opens the API alone, with its owner's rights and within its scope; pages need a sign-in."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        keyword, _, secret = request.headers.get("Authorization", "").partition(" ")
        if keyword != KEYWORD:
            return None
        token = find_token(secret.strip())
        if token is None:
            raise AuthenticationFailed("This token is unknown, revoked or has expired.")
        if token.scope != ApiToken.Scope.WRITE and request.method not in SAFE_METHODS:
            raise PermissionDenied("This token may only read.")
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return KEYWORD


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "webapp.accounts.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}
