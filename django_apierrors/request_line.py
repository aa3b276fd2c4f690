"""The refusal of a NUL in the path or the query string of a request: no field and no database can use it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from . import negotiation, responses, url_resolution
from .exception_mapping import problem_with_code
from .request_state import RequestState
from .text import clean, fill, has_surrogate

_LONGEST_NAME = 100
_IN_PATH = _("The path holds a NUL character.")
_NUL_IN_QUERY = _('The query parameter "{param}" holds a NUL character.')
_SURROGATE_IN_QUERY = _('The query parameter "{param}" holds a lone surrogate.')


def refuse_nul(request: HttpRequest) -> HttpResponse | None:
    """Return the 400 for an API request with a NUL in its path or query string, ``None`` for any other request.

    Bytes that are no UTF-8 pass as Django decodes them.
    """
    param, fault = _fault(request) if _may_hold_nul(request) else ("", None)
    if fault is None:
        return None
    # Whose errors are structured may depend on the view; nothing of it is kept, unless the request ends here.
    request.resolver_match = url_resolution.resolve(request)
    if not negotiation.is_ours(request, RequestState()):
        request.resolver_match = None
        return None
    with override(negotiation.language_for(request, RequestState.of(request))):  # no middleware has activated it
        message = fill(str(fault), {"param": param})
    problem = problem_with_code("REQUEST_MALFORMED", request, message=message, param=param or None)
    return responses.make(problem, request)


def _may_hold_nul(request: HttpRequest) -> bool:
    query = request.META.get("QUERY_STRING", "")
    # In a charset that the client chose, other bytes may be one.
    return "\0" in request.path_info or "%00" in query or "\0" in query or request.encoding is not None


def _fault(request: HttpRequest) -> tuple[str, Promise | None]:
    """Return the query parameter at fault, if it is one, and what is wrong; ``None`` if nothing is."""
    if "\0" in request.path_info:
        return "", _IN_PATH
    try:
        parameters = list(request.GET.lists())
    except Exception:  # e.g. too many parameters: the view is told when it reads them
        return "", None
    for name, values in parameters:
        for text in (name, *values):
            if "\0" in text or has_surrogate(text):
                return clean(name, _LONGEST_NAME), _NUL_IN_QUERY if "\0" in text else _SURROGATE_IN_QUERY
    return "", None
