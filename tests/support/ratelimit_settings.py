"""The settings of a project with rate limits, as a server runs it; the environment names the store of the counters."""

import json
import os

from settings import *  # noqa: F403
from settings import INSTALLED_APPS, MIDDLEWARE

INSTALLED_APPS = [name for name in INSTALLED_APPS if name != "shop"]
MIDDLEWARE = [name for name in MIDDLEWARE if name.startswith("django_apierrors")]
ROOT_URLCONF = "support.ratelimit_urls"
REST_FRAMEWORK = {"EXCEPTION_HANDLER": "django_apierrors.handlers.exception_handler", "UNAUTHENTICATED_USER": None}
CACHES = {"default": json.loads(os.environ["APIERRORS_STORE"])}
APIERRORS = {
    "REFRESH_SECONDS": None,
    "RATELIMIT": {
        "POLICIES": {
            "hundred": {"key": "header:x-client", "rate": "100/d"},
            "three": {"key": "header:x-client", "rate": "3/d"},
            "closed": {"key": "header:x-client", "rate": "100/d", "on_store_error": "closed"},
            "moment": {"key": "header:x-client", "rate": "1/3s"},
            "everywhere": {"key": "header:x-everywhere", "rate": "100/d", "method": "PUT"},
        },
        "GLOBAL": ["everywhere"],
        "BREAKER_SECONDS": 0.5,
    },
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"django_apierrors": {"handlers": ["console"], "level": "INFO"}},
}
