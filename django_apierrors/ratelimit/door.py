"""What the middleware does about limits: the global ones, and the headers that tell what is left."""

from __future__ import annotations

from collections.abc import Sequence

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.exceptions import APIException

from .. import headers, negotiation, responses, url_resolution
from ..conf import conf
from ..exception_mapping import problem_for
from ..exceptions import RateTooHigh
from ..paths import is_one_of
from ..request_state import RequestState
from . import policies
from .checking import check


def prepare() -> None:
    """Read the policies of the global limits; raises ``ImproperlyConfigured`` now, not in each request."""
    for name in conf.RATELIMIT["GLOBAL"]:
        policies.named(name)


def is_counted(request: HttpRequest) -> bool:
    """Return whether global limits hold for a request.

    Not on exempt paths, nor for CORS preflights, whose answer no client could read.
    """
    return not (is_one_of(request.path_info, conf.RATELIMIT["EXEMPT_PATHS"]) or negotiation.is_preflight(request))


def refusal(request: HttpRequest, names: Sequence[str]) -> HttpResponse | None:
    """Count a request for some policies, and return the answer to one that is too many, else ``None``."""
    try:
        check(request, *names)
    except (APIException, RateTooHigh) as exc:  # the first also of a project's own key
        request.resolver_match = url_resolution.resolve(request)  # the view may name the format of the answer
        state = RequestState.of(request)
        response = responses.make(problem_for(exc, request, state), request)
        state.clear_exception()
        dress(response, state)
        return response
    return None


#: The same in async code, in a thread.
arefusal = sync_to_async(refusal)


def dress(response: HttpResponseBase, state: RequestState) -> None:
    """Tell the client how much of the limits that were checked is left."""
    kind = conf.RATELIMIT["HEADERS"]
    if state.usages and kind != "off":
        for name, value in headers.rate_limits(state.usages, legacy=kind == "draft+legacy").items():
            response[name] = value
