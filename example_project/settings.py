"""Settings of the example project: a payments API that is meant to be tried, not deployed."""

import os
from importlib.util import find_spec
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent

# DEBUG is off: every answer is the one of production, the structured 500 and the website's own
# 404 included. (With DEBUG on, APIERRORS["DEBUG_ERRORS"] would be needed for the former.) The CSS of
# the admin and the browsable API is there all the same: `demo` serves static files by itself;
# `runserver` does with --insecure.
DEBUG = False
SECRET_KEY = "for the demonstration only"
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_apierrors",
    "payments",
]

# With django-oauth-toolkit (the extra "oauth") there is an OAuth 2 server; without it the rest is the same.
WITH_OAUTH = find_spec("oauth2_provider") is not None
if WITH_OAUTH:
    INSTALLED_APPS.append("oauth2_provider")
# With drf-spectacular (the extra "openapi") the API serves its schema, with every error that it can answer.
WITH_OPENAPI = find_spec("drf_spectacular") is not None
WITH_SWAGGER_UI = WITH_OPENAPI and find_spec("drf_spectacular_sidecar") is not None
INSTALLED_APPS += ["drf_spectacular"] * WITH_OPENAPI + ["drf_spectacular_sidecar"] * WITH_SWAGGER_UI
OAUTH2_PROVIDER = {"SCOPES": {"accounts:read": "See the accounts", "transfers:write": "Move money"}}
LOGIN_URL = "/api-auth/login/"  # where its authorization endpoint sends people

MIDDLEWARE = [
    # GZip, Security and CORS stand above, so that errors carry their headers too ...
    "django.middleware.security.SecurityMiddleware",
    "django_apierrors.middleware.ApiErrorMiddleware",
    # ... and everything else below, so that its errors are answered in the same shape.
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

WSGI_APPLICATION = "wsgi.application"  # behind the guard, as asgi.py has it too

CSRF_FAILURE_VIEW = "django_apierrors.handlers.csrf_failure"

REST_FRAMEWORK = {
    "EXCEPTION_HANDLER": "django_apierrors.handlers.exception_handler",
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "payments.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",  # for the browsable API
    ],
    # NUL, lone surrogates and 1e999 never reach a view.
    "DEFAULT_PARSER_CLASSES": [
        "django_apierrors.parsers.JSONParser",
        "django_apierrors.parsers.FormParser",
        "django_apierrors.parsers.MultiPartParser",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "PAGE_SIZE": 50,
}
if WITH_OPENAPI:
    REST_FRAMEWORK["DEFAULT_SCHEMA_CLASS"] = "django_apierrors.contrib.spectacular.AutoSchema"
SPECTACULAR_SETTINGS = {
    "TITLE": "Payments",
    "DESCRIPTION": "A payments API that is meant to be tried.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    # The Swagger UI of the sidecar: nothing comes from another host.
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

APIERRORS = {
    # Version 2 serves the same views; its errors are application/problem+json (RFC 9457). Clients of
    # OAuth 2 understand only the errors of RFC 6749.
    "FORMATS": {"/api/v2/": "problem", "/oauth/": "oauth2"},
    "EXCEPTIONS": {"payments.rates.ProviderTimeout": "GATEWAY_TIMEOUT"},
    "CHALLENGE": 'Bearer realm="payments"',  # for plain views; a DRF view asks its authentication classes
    "RATELIMIT": {
        "POLICIES": {
            "everybody": {"key": "ip", "rate": "1200/m"},
            "payees": {"key": "user", "rate": "3/m"},
        },
        "GLOBAL": ["everybody"],  # counted before anybody is authenticated
    },
}
# The demo is one process, which may count in its own memory; more of them need a shared cache.
SILENCED_SYSTEM_CHECKS = ["django_apierrors.W006"]

# What may be uploaded as the receipt of a transfer, in bytes; and any other body of a request.
RECEIPT_MAX_SIZE = 64_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 256_000

ROOT_URLCONF = "urls"
LOGIN_REDIRECT_URL = "/"
STATIC_URL = "static/"
TIME_ZONE = "UTC"
USE_TZ = True

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("EXAMPLE_DATABASE", BASE_DIR / "db.sqlite3"),
        # SQLite has no row locks: a transaction takes the write lock when it begins and so waits
        # for its turn, where it would otherwise fail half-way with "database is locked".
        "OPTIONS": {"transaction_mode": "IMMEDIATE"},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django_apierrors.context_processors.maintenance",  # for the notice on the home page
            ],
        },
    },
]

# Every record of a request names its id and its error code; the client has both in the headers
# of the answer, so that a report of a user leads to the traceback.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_context": {"()": "django_apierrors.logs.RequestContextFilter"}},
    "formatters": {
        "line": {"style": "{", "format": "{asctime} {levelname} [{request_id}] {error_code} {message}"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "filters": ["request_context"], "formatter": "line"},
    },
    "root": {"handlers": ["console"], "level": "INFO"},
}
