"""What the middleware does about limits: the global ones, and the headers that tell what is left."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from .. import classification, conversion, headers, negotiation, responses
from ..conf import conf
from ..exceptions import ApiError, RateTooHigh
from ..limits import recorded
from ..paths import is_one_of
from .checking import check


def refusal(request: HttpRequest) -> HttpResponse | None:
    """Count a request for the global limits, and return the answer to one that is too many, else ``None``.

    Exempt paths are not counted, nor CORS preflights, whose answer no client could read.
    """
    if is_one_of(request.path_info, conf.RATELIMIT["EXEMPT_PATHS"]) or negotiation.is_preflight(request):
        return None
    try:
        check(request, *conf.GLOBAL)
    except (ApiError, RateTooHigh) as exc:
        problem = conversion.from_exception(exc, request, *classification.classify(exc))
        response = responses.make(problem, request)
        dress(response, request)
        # The breaker says once that the store is down; Django would mail it for each request.
        response._has_been_logged = problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR  # type: ignore[attr-defined]
        return response
    return None


def dress(response: HttpResponseBase, request: HttpRequest) -> None:
    """Tell the client how much of the limits that were checked is left."""
    usages, kind = recorded(request), conf.RATELIMIT["HEADERS"]
    if usages and kind != "off":
        for name, value in headers.rate_limits(usages, legacy=kind == "draft+legacy").items():
            response[name] = value
