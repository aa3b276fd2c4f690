"""The one settings module of the tests; a test changes what it needs with the ``settings`` fixture."""

import os

from support.services import configuration

SECRET_KEY = "tests"
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
# The whole suite also runs on another database, e.g. APIERRORS_DATABASE_URL=postgresql://me@127.0.0.1:5432/test
DATABASES = {"default": configuration(os.environ.get("APIERRORS_DATABASE_URL", "sqlite:///:memory:"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "django_apierrors",
    "shop",
]
MIDDLEWARE = [
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django_apierrors.middleware.ApiErrorMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
# The passwords of the tests are not worth a slow hash.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ROOT_URLCONF = "urls"
CSRF_FAILURE_VIEW = "django_apierrors.handlers.csrf_failure"
REST_FRAMEWORK = {
    "EXCEPTION_HANDLER": "django_apierrors.handlers.exception_handler",
    "DEFAULT_AUTHENTICATION_CLASSES": ["shop.authentication.KeyAuthentication"],
    "DEFAULT_PARSER_CLASSES": [
        "django_apierrors.parsers.JSONParser",
        "django_apierrors.parsers.FormParser",
        "django_apierrors.parsers.MultiPartParser",
    ],
}
# Django sets DEBUG to False in tests, and with it the default of STRICT. Nothing is polled.
APIERRORS = {"STRICT": True, "REFRESH_SECONDS": None}
CORS_ALLOWED_ORIGINS = ["https://client.example"]
CORS_EXPOSE_HEADERS = ["X-Error-Code", "X-Request-ID", "Retry-After"]
STATIC_URL = "static/"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
USE_TZ = True
