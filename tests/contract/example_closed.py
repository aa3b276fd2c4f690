"""Settings of the example project with closed codes; an environment variable names the limit of requests."""

import logging
import os

from settings import *  # noqa: F403

logging.disable(logging.CRITICAL)
APIERRORS = {
    **APIERRORS,  # noqa: F405
    "OPENAPI": {"CODES": "closed"},
    "RATELIMIT": {
        "POLICIES": {
            "everybody": {"key": "ip", "rate": os.environ.get("EXAMPLE_RATE", "1000000/m")},
            "payees": {"key": "user", "rate": "3/m"},
        },
        "GLOBAL": ["everybody"],
    },
}
