"""The settings of the tests as a server runs them for a browser, which loads nothing but what the server has."""

from support.live_settings import *  # noqa: F403
from support.live_settings import APIERRORS as _APIERRORS
from support.live_settings import MIDDLEWARE as _MIDDLEWARE

APIERRORS = {**_APIERRORS, "FORMATS": {"/api/typed/": "problem"}}
MIDDLEWARE = ["test_browser.ContentSecurityPolicy", *_MIDDLEWARE]
TIME_ZONE = "Europe/Berlin"
