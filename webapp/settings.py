"""Settings, read from the environment through typed readers. README documents every name read here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from webapp.core.bucket import bucket_storage
from webapp.core.env import Environment
from webapp.core.logs import logging_config

env = Environment()
ROOT = Path(__file__).resolve().parent.parent

DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.secret("SECRET_KEY", debug=DEBUG)
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS", default=("localhost", "127.0.0.1", "[::1]"))
HTTPS = env.flag("HTTPS", default=False)
DATA_DIR = env.path("DATA_DIR", default=ROOT / "var")
DATA_DIR.mkdir(parents=True, exist_ok=True)
WEIGHTS_DIR = env.path("WEIGHTS_DIR", default=ROOT / "emotion" / "installed_weights")
DEVICE = env.choice("DEVICE", "auto", ("auto", "cpu", "cuda"))
MEDIA_KEYS = env.keys("MEDIA_KEYS")
MEDIA_BUCKET = env.bucket("MEDIA_URL_S3")
MAX_UPLOAD_BYTES = env.integer("MAX_UPLOAD_MB", 20_000, minimum=1) * 1024 * 1024
ERASE_WITHIN_DAYS = env.integer("ERASE_WITHIN_DAYS", 30, minimum=1)
RECALL_WITHIN_DAYS = env.integer("RECALL_WITHIN_DAYS", 30, minimum=1)
LIVE_WORKERS = env.integer("LIVE_WORKERS", min(4, os.cpu_count() or 1), minimum=1)
LIVE_CAMERAS = env.integer("LIVE_CAMERAS", 64, minimum=1)
UPLOAD_KEEP_DAYS = env.integer("UPLOAD_KEEP_DAYS", 7, minimum=1)

INSTALLED_APPS = [
    "daphne",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_tasks",
    "django_tasks_db",
    "webapp.core",
    "webapp.jobs",
    "webapp.accounts",
    "webapp.studies",
    "webapp.consent",
    "webapp.recordings",
    "webapp.analysis",
    "webapp.live",
    "webapp.feedback",
    "webapp.deidjobs",
    "webapp.sharing",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "webapp.core.middleware.log_context",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "webapp.core.middleware.errors_as_pages",
]

ROOT_URLCONF = "webapp.urls"
ASGI_APPLICATION = "webapp.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "frontend" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASE_URL = env.text("DATABASE_URL", f"sqlite:///{DATA_DIR / 'db.sqlite3'}")
_SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; "
    "PRAGMA secure_delete=ON;",
}


def _database(url: str) -> dict[str, Any]:
    try:
        config: dict[str, Any] = dict(
            dj_database_url.parse(url, conn_max_age=0)
        )  # as Django advises under ASGI
    except ValueError as error:
        raise ImproperlyConfigured(f"DATABASE_URL cannot be understood: {error}") from None
    if config["ENGINE"].endswith("sqlite3"):
        config["OPTIONS"] = _SQLITE_OPTIONS
        config["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}
    return config


DATABASES = {"default": _database(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.optional("REDIS_URL")
#: The channel layer waits five seconds for a message; the client's own limit of five would end every socket.
REDIS_HOST = {"address": REDIS_URL, "socket_timeout": 15}
CHANNEL_LAYERS: dict[str, Any] = {
    "default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [REDIS_HOST]}}
    if REDIS_URL
    else {"BACKEND": "channels.layers.InMemoryChannelLayer"}
}
CACHES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
CELERY_BROKER_URL = env.optional("CELERY_BROKER_URL")
TASKS = {
    "default": {
        "BACKEND": "webapp.jobs.celery_engine.CeleryBackend"
        if CELERY_BROKER_URL
        else "django_tasks_db.DatabaseBackend",
        "QUEUES": ["cpu", "gpu"],
    }
}
ANALYSIS_QUEUE = env.choice("ANALYSIS_QUEUE", "gpu" if DEVICE == "cuda" else "cpu", ("cpu", "gpu"))
WORKER_PROCESSES = env.integer("WORKER_PROCESSES", 1, minimum=1)
WORKER_LOST_AFTER_S = env.integer("WORKER_LOST_AFTER_S", 45, minimum=2)

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "core:home"
ACCOUNT_ADAPTER = "webapp.accounts.adapter.ClosedAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ALLAUTH_TRUSTED_PROXY_COUNT = env.integer("TRUSTED_PROXIES", 1 if HTTPS else 0)
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_TOTP_ISSUER = "Empathy Lab"
MFA_ADAPTER = "webapp.accounts.passkeys.PasskeyAdapter"
MFA_FORMS = {
    "add_webauthn": "webapp.accounts.passkeys.AddPasskeyForm",
    "edit_webauthn": "webapp.accounts.passkeys.EditPasskeyForm",
    "authenticate_webauthn": "webapp.accounts.passkeys.SecondFactorForm",
    "login_webauthn": "webapp.accounts.passkeys.SignInForm",
    "reauthenticate_webauthn": "webapp.accounts.passkeys.ReauthenticateForm",
}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RATE_LIMITS = {"webauthn_login": "30/m/ip"}  # as many as sign-ins with a password
PASSKEY_HOST = env.optional("PASSKEY_HOST")

globals().update(env.mail_server("EMAIL_URL"))
SITE_URL = env.origin("SITE_URL")
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "empathy-lab@localhost")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.SessionAuthentication",
        "webapp.accounts.authentication.TokenAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "webapp.core.api.error_response",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Empathy Lab",
    "DESCRIPTION": "Studies, recordings and the expressions classified in them.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
}

STATIC_URL = "/static/"
STATIC_ROOT = env.path("STATIC_ROOT", default=DATA_DIR / "static")
STATICFILES_DIRS = [ROOT / "frontend" / "static"]
STORAGES = {
    "default": bucket_storage(MEDIA_BUCKET)
    if MEDIA_BUCKET
    else {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": DATA_DIR}},
    "staticfiles": {"BACKEND": "webapp.core.staticfiles.HashedModulesStorage"},
}

CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": (),
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "media-src": [SELF, "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    },
}
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_FAILURE_VIEW = "webapp.core.views.csrf_failure"
CSRF_TRUSTED_ORIGINS = env.names("CSRF_TRUSTED_ORIGINS")
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
#: As body_limit: nothing that arrives goes through a temporary file.
FILE_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024

LANGUAGE_CODE = "en-gb"
TIME_ZONE = env.text("TIME_ZONE", "UTC")
USE_I18N = True
USE_TZ = True

LOG_FORMAT = env.choice("LOG_FORMAT", "console" if DEBUG else "json", ("console", "json"))
LOGGING = logging_config(LOG_FORMAT)
