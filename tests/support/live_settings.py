"""The settings of the tests as a server runs them: catalog and windows are polled, answers name their process."""

import os

from asgiref.sync import iscoroutinefunction
from django.utils.decorators import sync_and_async_middleware
from settings import *  # noqa: F403
from settings import DATABASES, INSTALLED_APPS, MIDDLEWARE, REST_FRAMEWORK

DATABASES["default"]["CONN_MAX_AGE"] = int(os.environ.get("APIERRORS_CONN_MAX_AGE", "0"))
APIERRORS = {
    "REFRESH_SECONDS": 1.0,
    "MAINTENANCE": {"FORCE": {"on": True, "off": False}.get(os.environ.get("APIERRORS_FORCE", ""))},
}
MIDDLEWARE = ["support.live_settings.name_the_process", *MIDDLEWARE]
if "APIERRORS_OAUTH" in os.environ:
    # A real authorization server, with the package or, for comparison, without it.
    INSTALLED_APPS = [*INSTALLED_APPS, "oauth2_provider"]
    ROOT_URLCONF = "support.oauth_urls"
    APIERRORS["FORMATS"] = {"/oauth/": "oauth2"}
    LOGIN_URL = "/login/"
    OAUTH2_PROVIDER = {"SCOPES": {"read": "Read", "write": "Write"}, "DEFAULT_SCOPES": ["read"], "PKCE_REQUIRED": False}
    if os.environ["APIERRORS_OAUTH"] == "alone":
        MIDDLEWARE = [name for name in MIDDLEWARE if not name.startswith("django_apierrors")]
        REST_FRAMEWORK = {**REST_FRAMEWORK, "EXCEPTION_HANDLER": "rest_framework.views.exception_handler"}
        CSRF_FAILURE_VIEW = "django.views.csrf.csrf_failure"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{levelname} {name} of {process}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"django_apierrors": {"level": "INFO"}},
}


@sync_and_async_middleware
def name_the_process(get_response):
    """Write the process id into every answer."""
    if iscoroutinefunction(get_response):

        async def middleware(request):
            response = await get_response(request)
            response["X-Process"] = str(os.getpid())
            return response

    else:

        def middleware(request):
            response = get_response(request)
            response["X-Process"] = str(os.getpid())
            return response

    return middleware
