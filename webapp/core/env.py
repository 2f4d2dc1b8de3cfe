"""Typed readers of the environment. A value that cannot be understood stops the start; nothing is guessed."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}
_MAIL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
_MAIL_TIMEOUT_S = 20
_KEY_BYTES = 32


class Environment:
    """Reads one mapping and remembers each name asked for, so that README can be checked against it."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = os.environ if values is None else values
        self.known: set[str] = set()

    def _raw(self, name: str) -> str | None:
        self.known.add(name)
        value = self._values.get(name, "").strip()
        return value or None

    def text(self, name: str, default: str = "") -> str:
        return self._raw(name) or default

    def optional(self, name: str) -> str | None:
        return self._raw(name)

    def flag(self, name: str, default: bool) -> bool:
        value = self._raw(name)
        if value is None:
            return default
        if value.lower() in _TRUE | _FALSE:
            return value.lower() in _TRUE
        raise ImproperlyConfigured(f"{name} must be one of true, false, yes, no, 1, 0; it is {value!r}.")

    def integer(self, name: str, default: int, *, minimum: int = 0) -> int:
        value = self._raw(name)
        if value is None:
            return default
        try:
            number = int(value)
        except ValueError:
            raise ImproperlyConfigured(f"{name} must be a whole number; it is {value!r}.") from None
        if number < minimum:
            raise ImproperlyConfigured(f"{name} must be at least {minimum}; it is {number}.")
        return number

    def choice(self, name: str, default: str, options: tuple[str, ...]) -> str:
        value = self._raw(name) or default
        if value not in options:
            raise ImproperlyConfigured(f"{name} must be one of {', '.join(options)}; it is {value!r}.")
        return value

    def names(self, name: str, default: tuple[str, ...] = ()) -> list[str]:
        value = self._raw(name)
        return [part.strip() for part in value.split(",") if part.strip()] if value else list(default)

    def path(self, name: str, default: Path) -> Path:
        value = self._raw(name)
        return Path(value).expanduser().resolve() if value else default

    def secret(self, name: str, *, debug: bool) -> str:
        """Return a secret of at least 32 characters; under DEBUG alone an obviously unsafe one stands in."""
        value = self._raw(name)
        if value is None and debug:
            return "unsafe-development-key-that-debug-alone-may-use"
        if value is None or len(value) < 32:
            raise ImproperlyConfigured(
                f"{name} must be set to at least 32 random characters while DEBUG is off."
            )
        return value

    def origin(self, name: str) -> str:
        """Return the address of a site without a path, as https://lab.example; empty when none is given."""
        value = self._raw(name)
        if value is None:
            return ""
        parts = urlsplit(value)
        if (
            parts.scheme not in ("http", "https")
            or not parts.hostname
            or parts.path.strip("/")
            or parts.query
        ):
            raise ImproperlyConfigured(f"{name} must be like https://lab.example; it is {value!r}.")
        return f"{parts.scheme}://{parts.netloc}"

    def mail_server(self, name: str) -> dict[str, Any]:
        """Return Django's settings for a mail server: smtp://user:password@host:port, smtp+tls:// for
        STARTTLS or smtps://; without an address messages go to the console.
        """
        value = self._raw(name)
        if value is None:
            return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
        parts = urlsplit(value)
        try:
            port = parts.port or _MAIL_PORTS[parts.scheme]
        except (KeyError, ValueError):
            port = 0
        if not port or not parts.hostname:
            raise ImproperlyConfigured(f"{name} must be like smtp+tls://user:password@host:587.")
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "EMAIL_HOST": parts.hostname,
            "EMAIL_PORT": port,
            "EMAIL_HOST_USER": unquote(parts.username or ""),
            "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
            "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
            "EMAIL_USE_SSL": parts.scheme == "smtps",
            "EMAIL_TIMEOUT": _MAIL_TIMEOUT_S,
        }

    def bucket(self, name: str) -> dict[str, str]:
        """Return endpoint, bucket, prefix, region and, where given, credentials of
        https://key:secret@host/bucket/prefix?region=name; empty when none is given. No message repeats it.
        """
        value = self._raw(name)
        if value is None:
            return {}
        parts = urlsplit(value)
        bucket, _, prefix = unquote(parts.path).strip("/").partition("/")
        if parts.scheme not in ("http", "https") or not parts.hostname or not bucket:
            raise ImproperlyConfigured(f"{name} must be like https://key:secret@host/bucket?region=name.")
        if (parts.username is None) != (parts.password is None):
            raise ImproperlyConfigured(f"{name} must hold both a key and its secret, or neither.")
        return {
            "endpoint": f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}",
            "bucket": bucket,
            "prefix": prefix,
            "region": parse_qs(parts.query).get("region", ["us-east-1"])[0],
            "key": unquote(parts.username or ""),
            "secret": unquote(parts.password or ""),
        }

    def keys(self, name: str) -> list[bytes]:
        """Return keys of 32 bytes, given in base64 with commas between. No message repeats any of them."""
        keys: list[bytes] = []
        for number, text in enumerate(self.names(name), 1):
            try:
                key = base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
            except binascii.Error:
                key = b""
            if len(key) != _KEY_BYTES:
                raise ImproperlyConfigured(
                    f"{name} must hold keys of 32 bytes in base64, separated by commas; key {number} is none."
                )
            if key in keys:
                raise ImproperlyConfigured(f"{name} must hold each key once; key {number} is there before.")
            keys.append(key)
        return keys
