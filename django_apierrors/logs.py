"""Request id and error code for log records."""

from __future__ import annotations

import logging

from django.http import HttpRequest

from .request_id import request_id
from .request_state import RequestState


class RequestContextFilter(logging.Filter):
    """Adds ``request_id`` and ``error_code`` to every record; ``-`` where there is none.

    A record carries a request when it was logged with ``extra={"request": request}``, as
    Django's own ``django.request`` and ``django.security`` loggers do.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Set both attributes, unless the record has them, and let the record pass."""
        request = getattr(record, "request", None)
        # A DRF request wraps the one of Django; runserver's records carry a socket.
        request = getattr(request, "_request", request)
        id_, code = "-", ""
        if isinstance(request, HttpRequest):
            state = RequestState.of(request)
            id_, code = request_id(request, state), state.code
        if not hasattr(record, "request_id"):
            record.request_id = id_
        if not hasattr(record, "error_code"):
            record.error_code = code or "-"
        return True
