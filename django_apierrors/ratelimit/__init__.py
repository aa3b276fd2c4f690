"""Rate limits, counted by django-ratelimit, with responses that tell clients when to try again."""

from django_ratelimit import ALL, UNSAFE

from ..exceptions import RateTooHigh
from ..usage import Usage
from .checking import acheck, check, usages
from .decorators import ratelimit
from .throttles import RatelimitThrottle

__all__ = ["ALL", "UNSAFE", "RateTooHigh", "RatelimitThrottle", "Usage", "acheck", "check", "ratelimit", "usages"]
