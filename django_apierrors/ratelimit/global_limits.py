"""The global limits and the headers of all limits, for the middleware."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

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
from .checking import check
from .policies import Policy, get_policy


def load_policies() -> None:
    """Read the policies of the global limits; raises ``ImproperlyConfigured`` now, not in each request."""
    for name in conf.RATELIMIT["GLOBAL"]:
        get_policy(name)


def is_limited(request: HttpRequest) -> bool:
    """Return whether the global limits apply to a request: not on exempt paths."""
    return not is_one_of(request.path_info, conf.RATELIMIT["EXEMPT_PATHS"])


def check_global_limits(request: HttpRequest, names: Sequence[str]) -> HttpResponse | None:
    """Count a request for some policies; return the response to one that exceeds a limit, else ``None``.

    CORS preflights have counters of their own, at the same rates: those of a browser use up no
    requests, and forged ones, which may carry credentials, are limited too.
    """
    policies: Iterable[Policy] = map(get_policy, names)
    if negotiation.is_preflight(request):
        policies = (replace(policy, group=f"{policy.group}:preflight") for policy in policies)
    try:
        check(request, *policies)
    except (APIException, RateTooHigh) as exc:  # the first also of a project's own key
        request.resolver_match = url_resolution.resolve(request)  # the view may name the format of the answer
        state = RequestState.of(request)
        response = responses.make(problem_for(exc, request, state), request)
        state.clear_exception()
        set_headers(response, state)
        return response
    return None


#: The same in async code, in a thread.
acheck_global_limits = sync_to_async(check_global_limits)


def set_headers(response: HttpResponseBase, state: RequestState) -> None:
    """Set the headers that tell the client how much of the checked limits is left."""
    kind = conf.RATELIMIT["HEADERS"]
    if state.usages and kind != "off":
        for name, value in headers.rate_limits(state.usages, legacy=kind == "draft+legacy").items():
            response[name] = value
