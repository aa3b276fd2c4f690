"""The state of one request: what is known of its error, from the first question to the last log record."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings

from .conf import Settings
from .problems import Problem
from .usage import Usage, exceeded, strictness

_ATTRIBUTE = "_apierrors"
#: The active language, set in ``__dict__`` of a request when its view is called; ``None`` with translations off.
VIEW_LANGUAGE = "_apierrors_language"


class RequestState:
    """What is known of a request and its error, so that each question is asked once.

    - ``conf``: the settings, read once.
    - ``is_inside``: the request is below our middleware, which will see its response.
    - ``exception`` and ``problem``: the exception that was read last, and the problem that it means.
    - ``is_stored``: the exception was not handled, and is kept until the response is finished.
    - ``is_ours``: whether errors of the request are structured, ``None`` before anybody asked.
    - ``format_name``: the name of the format, ``None`` for a request that is left to Django and
      DRF, ``""`` before anybody asked.
    - ``is_api_path_or_view``: whether the request is the API's whatever its Accept header says.
    - ``language``: the active language inside the chain of middleware, ``""`` outside.
    - ``is_language_asked``: whether ``Accept-Language`` was read to choose the language.
    - ``code``: the code of the error, for log records.
    - ``request_id``: the id of the request, ``""`` before anybody asked.
    - ``usages``: what was counted for rate limits, in the order of the checks.
    - ``violations``: the usages that refuse a request whose exception cannot carry them.

    It holds no reference to the request, which holds it.
    """

    __slots__ = (
        "code",
        "conf",
        "exception",
        "format_name",
        "is_api_path_or_view",
        "is_inside",
        "is_language_asked",
        "is_ours",
        "is_stored",
        "language",
        "problem",
        "request_id",
        "usages",
        "violations",
    )

    def __init__(self) -> None:
        self.conf = Settings(getattr(settings, "APIERRORS", None) or {})
        self.is_inside = False
        self.exception: BaseException | None = None
        self.problem: Problem | None = None
        self.is_ours: bool | None = None
        self.is_stored = False
        self.is_api_path_or_view: bool | None = None
        self.format_name: str | None = ""
        self.language = ""
        self.is_language_asked = False
        self.code = ""
        self.request_id = ""
        self.usages: tuple[Usage, ...] = ()
        self.violations: tuple[Usage, ...] = ()

    @classmethod
    def of(cls, request: Any) -> RequestState:
        """Return the state of a request, of Django or of DRF, which wraps that of Django; made on the first call."""
        values = getattr(request, "_request", request).__dict__
        state: RequestState | None = values.get(_ATTRIBUTE)
        if state is None:
            state = values[_ATTRIBUTE] = cls()
        return state

    def clear_exception(self) -> None:
        """Drop the exception: its traceback holds every frame of the request."""
        self.exception = self.problem = None
        self.is_stored = False

    def add_usages(self, usages: Iterable[Usage]) -> None:
        """Keep what was counted, for the headers of the response; the strictest of each policy."""
        kept = {usage.policy: usage for usage in self.usages}
        for usage in usages:
            # A policy that is checked twice, by view and middleware, is one policy to the client.
            kept[usage.policy] = max(kept.get(usage.policy, usage), usage, key=strictness)
        self.usages = tuple(kept.values())

    def add_violations(self, usages: Iterable[Usage]) -> None:
        """Keep which usages refuse the request, for an exception that cannot carry them, such as ``Throttled``."""
        self.violations += exceeded(usages)
