"""The settings of the test project behind the guards."""

import os

from settings import *  # noqa: F403
from settings import MIDDLEWARE

ROOT_URLCONF = "support.guarded"
MIDDLEWARE = ["support.guarded.above", *MIDDLEWARE]
APIERRORS = {"REFRESH_SECONDS": None, "FORMAT": os.environ.get("APIERRORS_FORMAT", "problem")}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "support.guarded_cases.Line"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {
        name: {"handlers": ["console"], "level": "ERROR", "propagate": False} for name in ("django", "django_apierrors")
    },
}
