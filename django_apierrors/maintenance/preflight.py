"""The answer to CORS preflights during maintenance, in the place of their views."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from .. import headers

#: Set in ``__dict__`` of a request that no view answers.
KEPT_FROM_VIEW = "_apierrors_preflight"


def keep_from_view(request: HttpRequest) -> None:
    """Let a preflight pass to the middleware below, where a CORS middleware may be, but to no view.

    Any client may send the headers of a preflight, with credentials too.
    """
    request.__dict__[KEPT_FROM_VIEW] = True


def answer_preflight() -> HttpResponse:
    """Return the answer in the place of the view: empty (RFC 9110, 15.3.5), for others to add CORS headers."""
    response = HttpResponse(status=HTTPStatus.NO_CONTENT)
    del response[headers.CONTENT_TYPE]
    return response
