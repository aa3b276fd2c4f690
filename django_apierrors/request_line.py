"""The refusal of a NUL in the path or the query string of a request: no field and no database can use it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from . import negotiation, responses, url_resolution
from .exception_mapping import problem_with_code
from .request_state import RequestState
from .text import clean, has_surrogate

_LONGEST_NAME = 100


def refuse_nul(request: HttpRequest) -> HttpResponse | None:
    """Return the 400 for an API request with a NUL in its path or query string, ``None`` for any other request.

    Bytes that are no UTF-8 pass as Django decodes them.
    """
    param, reason = _fault(request) if _may_hold_nul(request) else (None, "")
    if not reason:
        return None
    # Whose errors are structured may depend on the view; nothing of it is kept, unless the request ends here.
    request.resolver_match = url_resolution.resolve(request)
    if not negotiation.is_ours(request, RequestState()):
        request.resolver_match = None
        return None
    return responses.make(problem_with_code("REQUEST_MALFORMED", request, message=reason, param=param), request)


def _may_hold_nul(request: HttpRequest) -> bool:
    query = request.META.get("QUERY_STRING", "")
    # In a charset that the client chose, other bytes may be one.
    return "\0" in request.path_info or "%00" in query or "\0" in query or request.encoding is not None


def _fault(request: HttpRequest) -> tuple[str | None, str]:
    """Return the query parameter at fault, if it is one, and what is wrong; an empty text if nothing is."""
    if "\0" in request.path_info:
        return None, "The path holds a NUL character."
    try:
        parameters = list(request.GET.lists())
    except Exception:  # e.g. too many parameters: the view is told when it reads them
        return None, ""
    for name, values in parameters:
        for text in (name, *values):
            if "\0" in text or has_surrogate(text):
                param = clean(name, _LONGEST_NAME)
                kind = "NUL character" if "\0" in text else "lone surrogate"
                return param or None, f'The query parameter "{param}" holds a {kind}.'
    return None, ""
