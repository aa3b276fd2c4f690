"""The settings of the tests as a server runs them: the catalog is polled, and answers name their process."""

import os

from asgiref.sync import iscoroutinefunction
from django.utils.decorators import sync_and_async_middleware
from settings import *  # noqa: F403
from settings import DATABASES, MIDDLEWARE

DATABASES["default"]["CONN_MAX_AGE"] = int(os.environ.get("APIERRORS_CONN_MAX_AGE", "0"))
APIERRORS = {"REFRESH_SECONDS": 1.0}
MIDDLEWARE = ["served.name_the_process", *MIDDLEWARE]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"django_apierrors": {"handlers": ["console"], "level": "INFO"}},
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
